#pragma once
#include <stdexcept>

#include "core/ids.hpp"
#include "trainer/snapshot.hpp"

namespace stemma {

/// The durable copies of snapshots beside the run file. Threads may write, each another copy, while others read. Every
/// function throws an exception derived from std::exception on failure. Its text names the file.
class SnapshotFiles {
public:
    virtual ~SnapshotFiles() = default;
    /// Returns when the copy would survive the loss of the process (temporary name, synced, renamed).
    virtual void write(SnapshotId id, MemberId member, Resource resource, const Snapshot& snapshot) = 0;
    virtual Snapshot read(SnapshotId id) = 0;
    /// A missing copy is no error.
    virtual void erase(SnapshotId id) = 0;
};

}  // namespace stemma
