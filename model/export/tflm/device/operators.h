// What the model is made of: ${operators_used}.
#ifndef ECGSTREAM_OPERATORS_H_
#define ECGSTREAM_OPERATORS_H_

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace ecgstream {

constexpr int kOperators = ${operators_count};

// False where an operator could not be added.
inline bool add_operators(tflite::MicroMutableOpResolver<kOperators>& resolver) {
  return ${operators_added};
}

}  // namespace ecgstream

#endif  // ECGSTREAM_OPERATORS_H_
