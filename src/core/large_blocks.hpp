#pragma once
// Memory of snapshots. Blocks of `large_block_bytes` and more lie on huge pages where the kernel grants them. The
// blocks freed last are kept for the next snapshot, which mostly has the same size. A fresh block costs a page fault
// for every page, several times as long as moving the content. Below that size malloc is as fast.

#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>

namespace stemma {

inline constexpr std::size_t large_block_bytes = std::size_t{4} << 20U;

/// The process keeps at most this much unused memory, in at most `kept_blocks_max` blocks, or one block of any size.
/// The kernel may take the pages back when memory is short (MADV_FREE).
inline constexpr std::size_t kept_bytes_max = std::size_t{1} << 30U;
inline constexpr std::size_t kept_blocks_max = 8;

/// At least `bytes` of memory with indeterminate content, aligned to 2 MiB. Throws std::bad_alloc. Any thread.
void* allocate_large(std::size_t bytes);
/// `bytes` as given to allocate_large. Any thread.
void free_large(void* block, std::size_t bytes) noexcept;

struct KeptBlocks {
    std::size_t blocks = 0;
    std::size_t bytes = 0;
};
/// The unused blocks that are kept now.
KeptBlocks kept_large_blocks();
/// Returns all kept blocks to the system.
void drop_kept_large_blocks() noexcept;

/// Allocator of Bytes. Large blocks come from allocate_large(). Elements made without a value are indeterminate:
/// zeroing 4 GB that a transfer overwrites is wasted time. For zeros write Bytes(n, std::byte{0}) or resize(n,
/// std::byte{0}).
template <class T>
class LargeBlockAllocator {
public:
    using value_type = T;

    LargeBlockAllocator() = default;
    template <class U>
    LargeBlockAllocator(const LargeBlockAllocator<U>&) noexcept {}

    T* allocate(std::size_t count) {
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_array_new_length();
        const auto bytes = count * sizeof(T);
        if (bytes >= large_block_bytes) return static_cast<T*>(allocate_large(bytes));
        return std::allocator<T>().allocate(count);
    }
    void deallocate(T* block, std::size_t count) noexcept {
        if (count * sizeof(T) >= large_block_bytes) return free_large(block, count * sizeof(T));
        std::allocator<T>().deallocate(block, count);
    }
    template <class U, class... Arguments>
    void construct(U* place, Arguments&&... arguments) {
        if constexpr (sizeof...(Arguments) == 0) {
            static_assert(std::is_trivially_default_constructible_v<U>);
            ::new (static_cast<void*>(place)) U;
        } else {
            ::new (static_cast<void*>(place)) U(static_cast<Arguments&&>(arguments)...);
        }
    }

    friend bool operator==(const LargeBlockAllocator&, const LargeBlockAllocator&) { return true; }
};

}  // namespace stemma
