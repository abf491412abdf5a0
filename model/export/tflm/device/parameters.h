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
constexpr Tensor kErrorTensor = {${error_tensor}};
constexpr int kWindowInput = ${window_input};  // number of the window among the model's inputs
constexpr int kContextInput = ${context_input};  // of the context; -1 where the model takes none
constexpr int kAnswerOutput = ${answer_output};  // number of the answer among the model's outputs
constexpr int kErrorOutput = ${error_output};  // of the size of its error; -1 where it tells none
constexpr bool kTellsError = kErrorOutput >= 0;
constexpr int kErrorStep = ${error_step};  // samples for which one size is told
constexpr int kSizes = kWindow / kErrorStep;
constexpr float kMinLog2Error = ${min_log2_error};  // limits of what is told
constexpr float kMaxLog2Error = ${max_log2_error};
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
