#pragma once
#include <stdexcept>

#include "core/ids.hpp"
#include "trainer/snapshot.hpp"

namespace stemma {

/// The durable copies of snapshots beside the run file. Called from one thread for writing and another for reading at
/// the same time. Every function throws an exception derived from std::exception when it cannot do its work; the text
/// names the file.
class SnapshotFiles {
public:
    virtual ~SnapshotFiles() = default;
    /// Returns when the copy would survive the loss of the process (temporary name, synced, renamed).
    virtual void write(SnapshotId id, MemberId member, Resource resource, const Snapshot& snapshot) = 0;
    virtual Snapshot read(SnapshotId id) = 0;
    /// A copy that is not there is no error.
    virtual void erase(SnapshotId id) = 0;
};

}  // namespace stemma
