// The network on TensorFlow Lite Micro.
#include <cstdint>
#include <cstring>

#include "denoiser.h"
#include "model.h"
#include "operators.h"
#include "parameters.h"
#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

namespace ecgstream {
namespace {

alignas(16) std::uint8_t arena[kArenaSize];

// The one interpreter; nullptr where the arena is too small or an operator is missing.
tflite::MicroInterpreter* interpreter() {
  static tflite::MicroMutableOpResolver<kOperators> resolver;
  static tflite::MicroInterpreter interpreter(tflite::GetModel(kModel), resolver, arena,
                                              kArenaSize);
  static const bool ready =
      add_operators(resolver) && interpreter.AllocateTensors() == kTfLiteOk;
  return ready ? &interpreter : nullptr;
}

}  // namespace

bool denoise_window(const std::int8_t* window, const std::int8_t* context, std::int8_t* answer,
                    [[maybe_unused]] std::int8_t* error) {
  tflite::MicroInterpreter* const network = interpreter();
  if (network == nullptr) return false;
  // TFLM may write over its inputs: they are given anew each time.
  std::memcpy(network->input(kWindowInput)->data.int8, window, kWindow);
  if constexpr (kContextInput >= 0) {
    std::memcpy(network->input(kContextInput)->data.int8, context, kFrames);
  }
  if (network->Invoke() != kTfLiteOk) return false;
  std::memcpy(answer, network->output(kAnswerOutput)->data.int8, kWindow);
  if constexpr (kTellsError) {
    std::memcpy(error, network->output(kErrorOutput)->data.int8, kSizes);
  }
  return true;
}

}  // namespace ecgstream
