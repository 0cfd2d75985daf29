#include "trainer/torch/classify.hpp"

#include <torch/torch.h>

#include <new>
#include <stdexcept>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "trainer/error_text.hpp"
#include "trainer/torch_library/hyperparameters.hpp"

namespace stemma {
namespace {

FailureKind kind_of(const c10::Error& error) {
    if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return FailureKind::out_of_memory;
    return kind_of_text(error.what_without_backtrace());
}

}  // namespace

TrainFailure classify(const std::exception& error, Resource reached) {
    TrainFailure failure{FailureKind::exception, readable_type(error), error.what(), reached};
    if (const auto* torch_error = dynamic_cast<const c10::Error*>(&error)) {
        failure.kind = kind_of(*torch_error);
        failure.message = torch_error->what_without_backtrace();
    } else if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
        failure.kind = FailureKind::out_of_memory;
    } else if (dynamic_cast<const Infeasible*>(&error) != nullptr ||
               dynamic_cast<const UserError*>(&error) != nullptr) {
        failure.kind = FailureKind::infeasible;
    } else if (dynamic_cast<const DecodeError*>(&error) != nullptr) {
        failure.kind = FailureKind::snapshot_unavailable;
    } else if (dynamic_cast<const std::runtime_error*>(&error) != nullptr) {
        failure.kind = kind_of_text(failure.message);  // TorchScript's interpreter keeps of an error its text alone
    }
    return failure;
}

}  // namespace stemma
