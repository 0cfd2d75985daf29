// What LibTorch asks of the library behind a device: generators and page-locked memory. LibTorch 2 asks by hooks.
// LibTorch 1 has none for XPUs, so that trainer/torch/device.cpp asks for the generators.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>
#include <torch/library.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>
#include <vector>

#include "support/pretend_device/memory.hpp"
#include "support/pretend_device/pretend_device.hpp"

#if TORCH_VERSION_MAJOR >= 2
#include <ATen/detail/PrivateUse1HooksInterface.h>
#endif

namespace stemma::test::pretend {
namespace {

class Generator final : public c10::GeneratorImpl {
public:
    Generator(c10::Device device, at::Generator inner)
        : GeneratorImpl(device, c10::DispatchKeySet(key)), inner_(std::move(inner)) {}
    const at::Generator& inner() const { return inner_; }
    void set_current_seed(std::uint64_t seed) override { inner_.set_current_seed(seed); }
    std::uint64_t current_seed() const override { return inner_.current_seed(); }
#if TORCH_VERSION_MAJOR >= 2
    void set_offset(std::uint64_t) override {}
    std::uint64_t get_offset() const override { return 0; }
#endif
    std::uint64_t seed() override { return inner_.seed(); }
    void set_state(const c10::TensorImpl& state) override { inner_.unsafeGetGeneratorImpl()->set_state(state); }
    c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
        return inner_.unsafeGetGeneratorImpl()->get_state();
    }

private:
    Generator* clone_impl() const override { return new Generator(device(), inner_.clone()); }
    at::Generator inner_;
};

/// The CPU's own generator is behind all of them, which torch::manual_seed() seeds.
const at::Generator& default_generator(c10::Device device) {
    static const auto all = [] {
        std::vector<at::Generator> made;
        for (c10::DeviceIndex index = 0; index < most_devices; ++index)
            made.push_back(
                at::make_generator<Generator>(c10::Device(slot, index), at::detail::getDefaultCPUGenerator()));
        return made;
    }();
    return all.at(static_cast<std::size_t>(std::max<c10::DeviceIndex>(device.index(), 0)));
}

std::mutex mutex;
std::set<const void*> page_locked;

void unlock(void* block) {
    const std::lock_guard alone(mutex);
    page_locked.erase(block);
    std::free(block);
}

struct PageLocked final : c10::Allocator {
    c10::DataPtr allocate(std::size_t bytes) STEMMA_ALLOCATOR_CONST override {
        auto* block = std::malloc(std::max<std::size_t>(bytes, 1));
        const std::lock_guard alone(mutex);
        page_locked.insert(block);
        return {block, block, unlock, at::kCPU};
    }
    c10::DeleterFnPtr raw_deleter() const override { return unlock; }
#if TORCH_VERSION_MAJOR >= 2
    void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }
#endif
};
PageLocked locked_memory;

#if TORCH_VERSION_MAJOR < 2
at::Tensor pin(const at::Tensor& tensor, c10::optional<at::Device>) {
    auto pinned = at::empty_like(tensor, at::MemoryFormat::Contiguous);
    pinned.storage().set_data_ptr(locked_memory.allocate(pinned.nbytes()));
    return pinned.copy_(tensor);
}

bool is_pinned(const at::Tensor& tensor, c10::optional<at::Device>) {
    return is_page_locked(tensor.storage().data_ptr().get());
}

TORCH_LIBRARY_IMPL(aten, XPU, library) {
    library.impl("_pin_memory", pin);
    library.impl("is_pinned", is_pinned);
}

#else
struct Hooks final : at::PrivateUse1HooksInterface {
    bool isBuilt() const override { return true; }
    bool isAvailable() const override { return devices() > 0; }
    bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
    c10::DeviceIndex deviceCount() const override { return static_cast<c10::DeviceIndex>(devices()); }
    const at::Generator& getDefaultGenerator(c10::DeviceIndex index) const override {
        return default_generator({slot, index});
    }
    at::Generator getNewGenerator(c10::DeviceIndex index) const override {
        return default_generator({slot, index}).clone();
    }
    at::Allocator* getPinnedMemoryAllocator() const override { return &locked_memory; }
    bool isPinnedPtr(const void* block) const override { return is_page_locked(block); }
};

[[maybe_unused]] const bool registered = [] {
    c10::register_privateuse1_backend(kind);
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    return true;
}();
#endif

}  // namespace

#if TORCH_VERSION_MAJOR < 2
extern "C" const at::Generator& stemma_default_generator(c10::Device device) { return default_generator(device); }
#endif

at::Generator host_generator(const at::Generator& generator) {
    return static_cast<Generator*>(generator.unsafeGetGeneratorImpl())->inner();
}

bool is_page_locked(const void* block) {
    const std::lock_guard alone(mutex);
    return page_locked.contains(block);
}

}  // namespace stemma::test::pretend
