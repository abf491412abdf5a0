#include "reference.h"

namespace ecgstream {

const float kReferenceInput[] = {
${reference_input}
};
const float kReferenceOutput[] = {
${reference_output}
};
const float kReferenceError[] = {
${reference_error}
};
const float kReferenceDenoised[] = {
${reference_denoised}
};
const std::int8_t kReferenceWindow[] = {
${reference_window}
};
const std::int8_t kReferenceContext[] = {
${reference_context}
};
const std::int8_t kReferenceAnswer[] = {
${reference_answer}
};

}  // namespace ecgstream
