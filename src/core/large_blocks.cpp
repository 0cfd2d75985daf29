#include "core/large_blocks.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "core/page_lock.hpp"

namespace stemma {

namespace {

constexpr std::size_t huge_page_bytes = std::size_t{2} << 20U;
constexpr std::align_val_t alignment{huge_page_bytes};

/// Whole huge pages. Snapshots that differ by a few bytes can then share a kept block.
std::size_t rounded(std::size_t bytes) {
    if (bytes > std::numeric_limits<std::size_t>::max() - huge_page_bytes) throw std::bad_alloc();
    return (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
}

struct Block {
    void* memory = nullptr;
    std::size_t bytes = 0;
};

/// The locked blocks, and the page lock of blocks allocated later.
class Locked {
public:
    void use(PageLock page_lock) {
        const std::scoped_lock lock(mutex_);
        page_lock_ = page_lock;
    }

    void lock(const Block& block) {
        const std::scoped_lock lock(mutex_);
        if (page_lock_.lock == nullptr) return;
        const auto place = blocks_.emplace(block.memory, Entry{block.bytes, page_lock_.unlock}).first;
        if (!page_lock_.lock(block.memory, block.bytes)) blocks_.erase(place);
    }

    void unlock(const Block& block) noexcept {
        const std::scoped_lock lock(mutex_);
        const auto found = blocks_.find(block.memory);
        if (found == blocks_.end()) return;
        if (found->second.unlock != nullptr) found->second.unlock(block.memory);
        blocks_.erase(found);
    }

    bool has(const void* memory) {
        const std::scoped_lock lock(mutex_);
        return blocks_.contains(memory);
    }

    KeptBlocks sum() {
        const std::scoped_lock lock(mutex_);
        KeptBlocks sum{blocks_.size(), 0};
        for (const auto& [memory, entry] : blocks_) sum.bytes += entry.bytes;
        return sum;
    }

private:
    struct Entry {
        std::size_t bytes = 0;
        void (*unlock)(void*) noexcept = nullptr;
    };
    std::mutex mutex_;
    PageLock page_lock_;
    std::map<const void*, Entry> blocks_;
};

/// Never destroyed, like kept().
Locked& locked() {
    static auto& blocks = *new Locked;
    return blocks;
}

void release(const Block& block) noexcept {
    locked().unlock(block);
    ::operator delete(block.memory, block.bytes, alignment);
}

/// Freed blocks, oldest first.
class Kept {
public:
    void* take(std::size_t bytes) {
        const std::scoped_lock lock(mutex_);
        const auto end = blocks_.begin() + static_cast<std::ptrdiff_t>(sum_.blocks);
        // From the end: the block freed last is the most likely to be still in the caches and still backed by pages.
        for (auto it = end; it != blocks_.begin();) {
            if ((--it)->bytes != bytes) continue;
            auto* const memory = it->memory;
            std::move(it + 1, end, it);
            --sum_.blocks;
            sum_.bytes -= bytes;
            return memory;
        }
        return nullptr;
    }

    void put(Block block) noexcept {
        const std::scoped_lock lock(mutex_);
        while (sum_.blocks > 0 && (sum_.blocks == kept_blocks_max || sum_.bytes + block.bytes > kept_bytes_max)) {
            drop_oldest();
        }
        blocks_[sum_.blocks++] = block;
        sum_.bytes += block.bytes;
    }

    void drop_all() noexcept {
        const std::scoped_lock lock(mutex_);
        while (sum_.blocks > 0) drop_oldest();
    }

    KeptBlocks sum() {
        const std::scoped_lock lock(mutex_);
        return sum_;
    }

private:
    void drop_oldest() noexcept {
        release(blocks_.front());
        sum_.bytes -= blocks_.front().bytes;
        std::move(blocks_.begin() + 1, blocks_.begin() + static_cast<std::ptrdiff_t>(sum_.blocks), blocks_.begin());
        --sum_.blocks;
    }

    std::mutex mutex_;
    std::array<Block, kept_blocks_max> blocks_;
    KeptBlocks sum_;
};

/// Never destroyed: Bytes of static lifetime may be freed later than a static object would be destroyed.
Kept& kept() {
    static auto& blocks = *new Kept;
    return blocks;
}

}  // namespace

void* allocate_large(std::size_t bytes) {
    const auto size = rounded(bytes);
    if (auto* const memory = kept().take(size)) return memory;
    void* memory = ::operator new(size, alignment, std::nothrow);
    if (memory == nullptr) {
        kept().drop_all();
        memory = ::operator new(size, alignment);
    }
#if defined(__linux__)
    ::madvise(memory, size, MADV_HUGEPAGE);  // only a hint: a refusal costs time, not correctness
#endif
    locked().lock({memory, size});
    return memory;
}

void free_large(void* block, std::size_t bytes) noexcept {
    const auto size = (bytes + huge_page_bytes - 1) / huge_page_bytes * huge_page_bytes;
#if defined(__linux__) && defined(MADV_FREE)
    // For locked pages the device keeps using the old pages after the kernel has replaced them.
    if (!locked().has(block)) ::madvise(block, size, MADV_FREE);
#endif
    kept().put({block, size});
}

KeptBlocks kept_large_blocks() { return kept().sum(); }
void drop_kept_large_blocks() noexcept { kept().drop_all(); }

void lock_large_blocks(PageLock page_lock) {
    locked().use(page_lock);
    kept().drop_all();  // the kept blocks were allocated before the lock
}

KeptBlocks locked_large_blocks() { return locked().sum(); }

}  // namespace stemma
