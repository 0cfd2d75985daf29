#include "trainer/torch/classify.hpp"

#include <torch/torch.h>

#include <array>
#include <new>
#include <string_view>

#include "core/bytes.hpp"
#include "core/error.hpp"
#include "trainer/torch/hyperparameters.hpp"

namespace stemma {
namespace {

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    for (const auto part : parts) {
        if (text.find(part) != std::string_view::npos) return true;
    }
    return false;
}

/// LibTorch has few types of exceptions: beyond them only the text tells.
FailureKind kind_of(const c10::Error& error) {
    if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return FailureKind::out_of_memory;
    const std::string_view text = error.what();
    if (has_any(text, {"out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED"})) {
        return FailureKind::out_of_memory;
    }
    if (has_any(text,
                {"CUDA error", "CUDA driver error", "cuDNN error", "CUBLAS_STATUS", "CUDNN_STATUS", "NCCL error"})) {
        return FailureKind::device;
    }
    return FailureKind::exception;
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
    }
    return failure;
}

}  // namespace stemma
