// What goes in and what must come out, made by ${reference_runtime}.
#ifndef ECGSTREAM_REFERENCE_H_
#define ECGSTREAM_REFERENCE_H_

#include <cstdint>

#include "parameters.h"

namespace ecgstream {

// A stream in mV, and all that the engine has put out when it has taken the last sample of it.
extern const float kReferenceInput[${reference_input_size}];
extern const float kReferenceOutput[${reference_output_size}];
// Half widths of the error band; empty of meaning where the model tells none.
extern const float kReferenceError[${reference_error_size}];

// Its last window in mV, denoised, and the network's tensors for that.
extern const float kReferenceDenoised[kWindow];
extern const std::int8_t kReferenceWindow[kWindow];
extern const std::int8_t kReferenceContext[kFrames];
extern const std::int8_t kReferenceAnswer[kWindow];
constexpr int kReferenceSteps = ${tolerance};  // int8 steps that a device's answer may be off

}  // namespace ecgstream

#endif  // ECGSTREAM_REFERENCE_H_
