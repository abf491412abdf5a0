// What the model, and the engine step around it, are made for.
#ifndef ECGSTREAM_PARAMETERS_H_
#define ECGSTREAM_PARAMETERS_H_

namespace ecgstream {

// The signal, and what the network sees of it.
constexpr float kFs = ${fs};  // Hz
constexpr float kLargest = ${largest};  // mV; a sample beyond is taken for a missing one
constexpr int kWindow = ${window};  // samples that the network rebuilds
constexpr int kContextStep = ${context_step};  // samples averaged into one frame of context
constexpr int kFrames = ${frames};  // of context, the window's own included
constexpr float kMinScale = ${min_scale};  // mV; a flat window is not blown up beyond this
constexpr float kMaxContext = ${max_context};  // deviations

// An int8 tensor: real = (stored - zero) * scale.
struct Tensor {
  float scale, inverse;  // inverse = 1 / scale
  int zero;
};
constexpr Tensor kWindowTensor = {${window_tensor}};
constexpr Tensor kContextTensor = {${context_tensor}};
constexpr Tensor kAnswerTensor = {${answer_tensor}};
constexpr int kWindowInput = ${window_input};  // number of the window among the model's inputs
constexpr int kContextInput = ${context_input};  // of the context; -1 where the model takes none
constexpr bool kPredictsNoise = ${predicts_noise};  // or else the denoised window itself

// Overlap-add: one window every kHop samples; its kPart places from kFirst on count, weighted.
constexpr int kHop = ${hop};
constexpr int kDelay = ${delay};  // samples that the output is behind, ${delay_seconds} s
constexpr int kFirst = ${first};
constexpr int kSegments = ${segments};  // hops that a window adds to
constexpr int kPart = ${part};
constexpr float kWeights[kPart] = {
${weights}
};

// Bytes that TFLM works in. ${arena_measured}
constexpr int kArenaSize = ${arena};

}  // namespace ecgstream

#endif  // ECGSTREAM_PARAMETERS_H_
