#pragma once
// Page-locked snapshot memory, for workers with a GPU: a copy between a GPU and ordinary memory goes through the
// driver's own small locked buffer, at a fraction of the bus's speed.

#include <cstddef>

#include "core/large_blocks.hpp"

namespace stemma {

/// How a device wants memory locked (CUDA: cudaHostRegister). Both from any thread.
struct PageLock {
    bool (*lock)(void* block, std::size_t bytes) noexcept = nullptr;  ///< false: the block stays as it is
    void (*unlock)(void* block) noexcept = nullptr;
};

/// Large blocks that come from the system from now on are locked, and stay so, in use or kept, until they go back to
/// it: locking takes longer than a copy does. Ones in use stay as they are. Any thread.
void lock_large_blocks(PageLock page_lock);

/// Those locked now, in use or kept.
KeptBlocks locked_large_blocks();

}  // namespace stemma
