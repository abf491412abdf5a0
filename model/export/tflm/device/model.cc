// ${model_name}, sha256 ${model_sha256}
#include "model.h"

namespace ecgstream {

alignas(16) const std::uint8_t kModel[] = {
${model}
};
static_assert(sizeof(kModel) == kModelSize, "the model has been cut");

}  // namespace ecgstream
