#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>

#include "core/bytes.hpp"
#include "core/ids.hpp"
#include "trainer/snapshot.hpp"

namespace stemma {

/// An encoded snapshot (Snapshot::encode) that several holders share.
using SharedBytes = std::shared_ptr<const Bytes>;

/// A snapshot on its way to the disk.
struct DurableCopy {
    SnapshotId snapshot;
    MemberId member;
    Resource resource = 0;  ///< resource that the member has been trained to
    SharedBytes content;
};

/// The durable copies of snapshots beside the run file. Threads may write, each other copies, while others read. Every
/// function throws an exception derived from std::exception on failure. Its text names the file.
class SnapshotFiles {
public:
    /// Copies of at most this many bytes are small.
    static constexpr std::size_t small_bytes = std::size_t{1} << 20U;

    virtual ~SnapshotFiles() = default;
    /// Returns when the copy would survive the loss of the process.
    virtual void write(const DurableCopy& copy) = 0;
    /// The same for small copies, at about the cost of one. On an exception none of them counts.
    virtual void write_small(std::span<const DurableCopy> copies) = 0;
    virtual Snapshot read(SnapshotId id) = 0;
    /// A missing copy is no error.
    virtual void erase(SnapshotId id) = 0;
};

}  // namespace stemma
