#include "denoiser.h"

#include <cmath>

namespace ecgstream {
namespace {

float mean(const float* values, int n) {
  float sum = 0.0f;
  for (int i = 0; i < n; ++i) sum += values[i];
  return sum / static_cast<float>(n);
}

float within(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

std::int8_t stored(float value, const Tensor& tensor) {
  const float steps = value * tensor.inverse + static_cast<float>(tensor.zero);
  return static_cast<std::int8_t>(std::nearbyint(within(steps, -128.0f, 127.0f)));
}

float real(std::int8_t value, const Tensor& tensor) {
  return (static_cast<float>(value) - static_cast<float>(tensor.zero)) * tensor.scale;
}

// Moves the sums of overlapping windows on by one hop.
void move_on(float* sums) {
  constexpr int kKept = (kSegments - 1) * kHop;
  for (int i = 0; i < kKept; ++i) sums[i] = sums[i + kHop];
  for (int i = kKept; i < kSegments * kHop; ++i) sums[i] = 0.0f;
}

}  // namespace

void Denoiser::reset() {
  for (float& value : samples_) value = 0.0f;
  for (float& value : frames_) value = 0.0f;
  for (float& value : sums_) value = 0.0f;
  for (float& value : errors_) value = 0.0f;
  newest_sample_ = newest_frame_ = waiting_ = 0;
  early_ = kWindow - kFirst - kHop;
  begun_ = false;
  last_ = 0.0f;
}

int Denoiser::push(float sample, float* out, float* error) {
  if (std::fabs(sample) < kLargest) {  // false for NaN, too
    last_ = sample;
    if (!begun_) {
      // The signal is taken to have been at its first level for ever.
      for (float& value : samples_) value = sample;
      for (float& value : frames_) value = sample;
      begun_ = true;
    }
  }
  samples_[newest_sample_] = last_;
  newest_sample_ = (newest_sample_ + 1) % kWindow;
  if (++waiting_ < kHop) return 0;
  waiting_ = 0;
  return step(out, error);
}

int Denoiser::step(float* out, float* error) {
  float window[kWindow];
  for (int i = 0; i < kWindow; ++i) window[i] = samples_[(newest_sample_ + i) % kWindow];
  for (int i = kWindow - kHop; i < kWindow; i += kContextStep) {
    frames_[newest_frame_] = mean(window + i, kContextStep);
    newest_frame_ = (newest_frame_ + 1) % kFrames;
  }

  // Standardise by the window's own mean and deviation, and quantize.
  const float level = mean(window, kWindow);
  float power = 0.0f;
  for (float& value : window) {
    value -= level;
    power += value * value;
  }
  const float deviation = std::sqrt(power / static_cast<float>(kWindow));
  const float scale = deviation > kMinScale ? deviation : kMinScale;
  std::int8_t shown[kWindow], context[kFrames], answer[kWindow], sizes[kSizes];
  for (int i = 0; i < kWindow; ++i) {
    window[i] /= scale;
    shown[i] = stored(window[i], kWindowTensor);
  }
  for (int i = 0; i < kFrames; ++i) {
    const float frame = (frames_[(newest_frame_ + i) % kFrames] - level) / scale;
    context[i] = stored(within(frame, -kMaxContext, kMaxContext), kContextTensor);
  }

  if (!denoise_window(shown, context, answer, sizes)) return -1;

  // Back to mV, and overlap-add of the part that counts. A network that predicts the noise has it
  // subtracted in float, so that int8 costs a fraction of the noise and not of the ECG.
  for (int i = 0; i < kPart; ++i) {
    const int at = kFirst + i;
    const float predicted = real(answer[at], kAnswerTensor);
    const float denoised =
        kPredictsNoise ? (window[at] - predicted) * scale : predicted * scale + level;
    sums_[i] += denoised * kWeights[i];
    if constexpr (kTellsError) {
      // The network tells log2 of the half width, in deviations.
      const float log2 = real(sizes[at / kErrorStep], kErrorTensor);
      errors_[i] += std::exp2(within(log2, kMinLog2Error, kMaxLog2Error)) * scale * kWeights[i];
    }
  }
  int written = 0;
  for (int i = 0; i < kHop; ++i) {
    if (early_ > 0) {
      --early_;
    } else {
      if (error != nullptr) error[written] = kTellsError ? errors_[i] : NAN;
      out[written++] = sums_[i];
    }
  }
  move_on(sums_);
  if constexpr (kTellsError) move_on(errors_);
  return written;
}

}  // namespace ecgstream
