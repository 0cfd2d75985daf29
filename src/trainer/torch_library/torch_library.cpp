#include "trainer/torch_library/torch_library.hpp"

#include "core/error.hpp"
#include "platform/blas_kernels.hpp"

namespace stemma {

namespace {

LoadedPart load_torch() {
    const BlasKernelChoice kernels;
    return load_part("torch", torch_stamp(STEMMA_VERSION));
}

}  // namespace

const TorchLibrary& torch_library() {
    static const auto part = load_torch();
    if (part.table != nullptr) return *static_cast<const TorchLibrary*>(part.table);
    throw UserError("this program has no LibTorch (" + part.problem +
                    "); use an installation with LibTorch (docs/install.md), or trainer.type = \"process\" or \"toy\"");
}

}  // namespace stemma
