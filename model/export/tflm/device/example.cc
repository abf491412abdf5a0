// Checks the network and the engine on the device against the reference, and shows how both are
// used: replace the loop over kReferenceInput by one over the samples of your converter.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "denoiser.h"
#include "parameters.h"
#include "reference.h"

namespace {

ecgstream::Denoiser denoiser;

// Most int8 steps between the network's answer and the reference; -1 where it failed.
int network_difference() {
  std::int8_t answer[ecgstream::kWindow], sizes[ecgstream::kSizes];
  if (!ecgstream::denoise_window(ecgstream::kReferenceWindow, ecgstream::kReferenceContext, answer,
                                 sizes)) {
    return -1;
  }
  int most = 0;
  for (int i = 0; i < ecgstream::kWindow; ++i) {
    const int steps = std::abs(answer[i] - ecgstream::kReferenceAnswer[i]);
    if (steps > most) most = steps;
  }
  return most;
}

// Most mV between the engine's output, or its error band, and the reference; -1 where the network
// failed.
float engine_difference() {
  float most = 0.0f, out[ecgstream::kHop], error[ecgstream::kHop];
  int done = 0;
  denoiser.reset();
  for (const float sample : ecgstream::kReferenceInput) {
    const int n = denoiser.push(sample, out, error);
    if (n < 0) return -1.0f;
    for (int i = 0; i < n; ++i) {
      const float difference = std::fabs(out[i] - ecgstream::kReferenceOutput[done]);
      if (difference > most) most = difference;
      if constexpr (ecgstream::kTellsError) {
        const float wider = std::fabs(error[i] - ecgstream::kReferenceError[done]);
        if (wider > most) most = wider;
      }
      ++done;
    }
  }
  return most;
}

}  // namespace

int main() {
  const int steps = network_difference();
  const float difference = engine_difference();
  std::printf("network: %d int8 steps from the reference at most, %d are allowed\n", steps,
              ecgstream::kReferenceSteps);
  std::printf("engine: %ld uV from the reference at most\n", std::lround(difference * 1e3f));
  return steps >= 0 && steps <= ecgstream::kReferenceSteps && difference >= 0.0f ? 0 : 1;
}
