#pragma once
// Page-locked snapshot memory, for workers with a GPU. A copy between a GPU and ordinary memory goes through the
// driver's own small locked buffer, at a fraction of the bus's speed.

#include <cstddef>

#include "core/large_blocks.hpp"

namespace stemma {

/// How a device locks memory (CUDA: cudaHostRegister). Any thread may call both functions.
struct PageLock {
    bool (*lock)(void* block, std::size_t bytes) noexcept = nullptr;  ///< false: the block stays unlocked
    void (*unlock)(void* block) noexcept = nullptr;
};

/// Large blocks that are allocated from now on are locked until they return to the system, in use or kept. Locking
/// takes longer than a copy. Blocks already in use stay as they are. Any thread.
void lock_large_blocks(PageLock page_lock);

/// The blocks that are locked now, in use or kept.
KeptBlocks locked_large_blocks();

}  // namespace stemma
