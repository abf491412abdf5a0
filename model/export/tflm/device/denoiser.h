// The engine step of ecgstream for one signal on a microcontroller: samples in, denoised samples
// out. It needs no TFLM: the network is behind `denoise_window`, which network.cc gives.
#ifndef ECGSTREAM_DENOISER_H_
#define ECGSTREAM_DENOISER_H_

#include <cstdint>

#include "parameters.h"

namespace ecgstream {

// The network: a window (kWindow) and its context (kFrames) as int8 tensors, its answer (kWindow)
// and, where kTellsError, the size of its error (kSizes). False where it failed.
bool denoise_window(const std::int8_t* window, const std::int8_t* context, std::int8_t* answer,
                    std::int8_t* error);

class Denoiser {
 public:
  Denoiser() { reset(); }

  // Forget everything; the next sample is the first of a new stream.
  void reset();

  // Take one sample in mV, at kFs; NaN, or one that no electrode gives, is taken for a missing
  // one, and the last valid sample stands in for it.
  //
  // Returns how many denoised samples in mV were written to `out` (room for kHop): none but at
  // every kHop-th sample, and fewer than kHop when the stream begins. The last of them lies
  // kDelay + 1 - kHop samples before the one just taken. -1 where the network failed: call reset().
  //
  // `error`, if one is given, gets the half width in mV of the band around each that holds the true
  // sample in 90 % of all cases; NaN where the model does not tell.
  int push(float sample, float* out, float* error = nullptr);

 private:
  int step(float* out, float* error);

  float samples_[kWindow];  // ring; the oldest sample is at newest_sample_
  float frames_[kFrames];   // ring of means over kContextStep samples, likewise
  float sums_[kSegments * kHop];  // what windows have given to hops that are not complete
  float errors_[kTellsError ? kSegments * kHop : 1];  // likewise, half widths
  float last_;  // valid sample
  int newest_sample_, newest_frame_;
  int waiting_;  // samples since the last window
  int early_;    // results still to come that lie before the first sample
  bool begun_;
};

}  // namespace ecgstream

#endif  // ECGSTREAM_DENOISER_H_
