// The model, as it lies in flash.
#ifndef ECGSTREAM_MODEL_H_
#define ECGSTREAM_MODEL_H_

#include <cstdint>

namespace ecgstream {

extern const std::uint8_t kModel[];
constexpr int kModelSize = ${model_size};

}  // namespace ecgstream

#endif  // ECGSTREAM_MODEL_H_
