#include "support/pretend_device/memory.hpp"

#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "support/pretend_device/pretend_device.hpp"

#if TORCH_VERSION_MAJOR >= 2
#include <c10/core/CachingDeviceAllocator.h>
#endif

namespace stemma::test::pretend {
namespace {

struct Block {
    std::size_t bytes;
    c10::Device device;
    int open = 0;  ///< by how many
};

std::int64_t number_in(const char* variable, std::int64_t otherwise) {
    const auto* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::atoll(text);
}

struct Host {
    std::mutex mutex;
    std::map<void*, Block> blocks;
    std::array<Device, most_devices> devices;
    std::atomic<std::int64_t> memory{number_in("STEMMA_PRETEND_MEMORY", 0)};
    const std::int64_t count = std::clamp<std::int64_t>(number_in("STEMMA_PRETEND_DEVICES", 2), 0, most_devices);
};

void report();

/// Never destroyed, because tensors in static variables may outlive it.
Host& host() {
    static auto* one = [] {
        auto* made = new Host;
        std::size_t device = 0;
        long launch = 0;
        const auto* lost = std::getenv("STEMMA_PRETEND_LOST");
        if (lost != nullptr && std::sscanf(lost, "%zu:%ld", &device, &launch) == 2)
            made->devices.at(device).lost_at = launch;
        std::atexit(report);
        return made;
    }();
    return *one;
}

/// One line a device that this process used: its number, and how many kernels ran there.
void report() {
    const auto* folder = std::getenv("STEMMA_PRETEND_REPORT");
    if (folder == nullptr) return;
    std::string lines;
    for (int device = 0; device < devices(); ++device) {
        const auto launches = counts(device).launches;
        if (launches > 0) lines += std::to_string(device) + " " + std::to_string(launches) + "\n";
    }
    if (!lines.empty()) std::ofstream(std::filesystem::path(folder) / std::to_string(getpid())) << lines;
}

thread_local c10::DeviceIndex current = 0;

/// One stream a device, in which everything is done at once.
struct Guard final : c10::impl::DeviceGuardImplInterface {
    static constexpr auto static_type = slot;
    c10::DeviceType type() const override { return slot; }
    c10::Device getDevice() const override { return {slot, current}; }
    c10::Device exchangeDevice(c10::Device device) const override {
        return {slot, std::exchange(current, device.index())};
    }
    void setDevice(c10::Device device) const override { current = device.index(); }
    void uncheckedSetDevice(c10::Device device) const noexcept override { current = device.index(); }
    c10::Stream getStream(c10::Device device) const noexcept override {
        return c10::Stream(c10::Stream::DEFAULT, device);
    }
    c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
    c10::Stream getDefaultStream(c10::Device device) const override { return getStream(device); }
    c10::DeviceIndex deviceCount() const noexcept override { return static_cast<c10::DeviceIndex>(devices()); }
    void record(void**, const c10::Stream&, c10::DeviceIndex, c10::EventFlag) const override {}
    void block(void*, const c10::Stream&) const override {}
    bool queryEvent(void*) const override { return true; }
    void destroyEvent(void*, c10::DeviceIndex) const noexcept override {}
};
C10_REGISTER_GUARD_IMPL(STEMMA_PRETEND_SLOT, Guard);

void release(void* block) {
    if (block == nullptr) return;
    const std::lock_guard alone(host().mutex);
    const auto found = host().blocks.find(block);
    device_of(found->second.device).bytes -= static_cast<std::int64_t>(found->second.bytes);
    munmap(block, found->second.bytes);
    host().blocks.erase(found);
}

std::atomic<std::int64_t> cache_releases{0};

#if TORCH_VERSION_MAJOR < 2
using Base = c10::Allocator;
#else
/// It keeps nothing for reuse, and counts how often it is asked to give that back.
struct Base : c10::DeviceAllocator {
    bool initialized() override { return true; }
    void emptyCache(c10::MempoolId_t) override { ++cache_releases; }
    void recordStream(const c10::DataPtr&, c10::Stream) override {}
    c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override { return {}; }
    void resetAccumulatedStats(c10::DeviceIndex) override {}
    void resetPeakStats(c10::DeviceIndex) override {}
};
#endif

struct Memory final : Base {
    c10::DataPtr allocate(std::size_t wanted) STEMMA_ALLOCATOR_CONST override {
        const c10::Device device(slot, current);
        demand_sound(device);
        if (wanted == 0) return {nullptr, nullptr, release, device};
        const auto page = static_cast<std::size_t>(getpagesize());
        const auto bytes = (wanted + page - 1) / page * page;
        const auto limit = host().memory.load();
        const auto used = device_of(device).bytes += static_cast<std::int64_t>(bytes);
        auto* block = limit > 0 && used > limit ? MAP_FAILED
                                                : mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) {
            device_of(device).bytes -= static_cast<std::int64_t>(bytes);
            TORCH_CHECK_WITH(OutOfMemoryError, false, "The device is out of memory. Tried to allocate ", bytes,
                             " bytes on ", device, ", of ", limit);
        }
        const std::lock_guard alone(host().mutex);
        host().blocks.emplace(block, Block{bytes, device});
        return {block, block, release, device};
    }
    c10::DeleterFnPtr raw_deleter() const override { return release; }
#if TORCH_VERSION_MAJOR >= 2
    void copy_data(void* to, const void* from, std::size_t bytes) const override {
        const Open reads(const_cast<void*>(from)), writes(to);
        default_copy_data(to, from, bytes);
    }
#endif
};
Memory memory;
REGISTER_ALLOCATOR(slot, &memory);

/// Opens the block for one more, or for one fewer.
void open(void* block, int more) {
    const std::lock_guard alone(host().mutex);
    auto& found = host().blocks.at(block);
    const bool before = found.open > 0;
    found.open += more;
    if (before == (found.open > 0)) return;
    mprotect(block, found.bytes, found.open > 0 ? PROT_READ | PROT_WRITE : PROT_NONE);
}

}  // namespace

c10::Allocator& allocator() { return memory; }

Device& device_of(c10::Device device) { return host().devices.at(static_cast<std::size_t>(device.index())); }

void demand_sound(c10::Device device) {
    const auto& one = device_of(device);
    TORCH_CHECK(one.lost_at == 0 || one.launches < one.lost_at,
                "level_zero backend failed with error: 20 (UR_RESULT_ERROR_DEVICE_LOST)");
}

std::atomic<bool>& replaying() {
    static std::atomic<bool> now{false};
    return now;
}

void launch(c10::Device device) {
    if (!replaying()) ++device_of(device).launches;
    demand_sound(device);
}

Open::Open(void* block) : block_(block) {
    if (block_ != nullptr) open(block_, 1);
}
Open::Open(const at::Tensor& tensor)
    : Open(tensor.defined() && tensor.device().type() == slot ? tensor.storage().data_ptr().get() : nullptr) {}
Open::~Open() {
    if (block_ != nullptr) open(block_, -1);
}

int devices() { return static_cast<int>(host().count); }

Counts counts(int device) {
    const auto& one = device_of({slot, static_cast<c10::DeviceIndex>(device)});
    return {one.launches, one.to_device, one.to_host, one.items, one.waits};
}

std::int64_t bytes_in_use(int device) { return device_of({slot, static_cast<c10::DeviceIndex>(device)}).bytes; }

std::int64_t memory_given_back() { return cache_releases; }

void limit_memory(std::int64_t bytes) { host().memory = bytes; }

void lose(int device, std::int64_t launch) {
    auto& one = device_of({slot, static_cast<c10::DeviceIndex>(device)});
    one.lost_at = launch == 0 ? 0 : one.launches + launch;
}

}  // namespace stemma::test::pretend
