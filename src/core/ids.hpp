#pragma once
// Strong integer identifiers. Two ids of different kinds never compare or convert.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace stemma {

/// An identifier of one kind of object. none() means that there is no object. Ids in use count up from 0.
template <class Tag>
struct Id {
    std::uint64_t value = ~std::uint64_t{0};

    static constexpr Id none() { return {}; }
    constexpr bool exists() const { return value != ~std::uint64_t{0}; }
    friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

/// An individual of the genealogy (in the ASHA papers: a trial). Each member is born once. Numbered in order of birth.
using MemberId = Id<struct MemberTag>;
/// A span of training of one member, given to one worker. Numbered in order of assignment.
using LeaseId = Id<struct LeaseTag>;
/// Weights, optimizer, RNG and step as one record. A lease leaves at most one snapshot, which has the lease's number.
using SnapshotId = Id<struct SnapshotTag>;
/// A worker's slot in the current start: 1 .. workers. Slot 0 is the manager. Under MPI the slot is the rank.
using WorkerId = Id<struct WorkerTag>;
/// One copy of one snapshot from worker to worker. Numbered in order of assignment.
using TransferId = Id<struct TransferTag>;
/// A ladder of rungs in which members compete. Numbered in order of its opening.
using BracketId = Id<struct BracketTag>;

/// Training done by a member, counted from scratch in the job's unit (`[trainer] unit`: epochs or optimizer steps).
using Resource = std::int64_t;

constexpr SnapshotId snapshot_of(LeaseId lease) { return {lease.value}; }

}  // namespace stemma

template <class Tag>
struct std::hash<stemma::Id<Tag>> {
    std::size_t operator()(const stemma::Id<Tag>& id) const noexcept { return std::hash<std::uint64_t>{}(id.value); }
};
