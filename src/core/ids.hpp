#pragma once
// Strong integer identifiers. Two ids of different kinds never compare or convert.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace stemma {

/// An identifier of one kind of thing. `none()` means "there is none"; ids in use count up from 0.
template <class Tag>
struct Id {
    std::uint64_t value = ~std::uint64_t{0};

    static constexpr Id none() { return {}; }
    constexpr bool exists() const { return value != ~std::uint64_t{0}; }
    friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

/// An individual of the genealogy, born once (in the ASHA papers: a trial). Numbered in order of birth.
using MemberId = Id<struct MemberTag>;
/// A span of training of one member given to one worker. Numbered in order of assignment.
using LeaseId = Id<struct LeaseTag>;
/// Weights, optimiser, RNG and step as one record. A lease leaves at most one, so it carries that lease's number.
using SnapshotId = Id<struct SnapshotTag>;
/// A worker's slot in the current incarnation: 1 .. workers (slot 0 is the manager; under MPI the slot is the rank).
using WorkerId = Id<struct WorkerTag>;
/// One copy of one snapshot from worker to worker. Numbered in order of assignment.
using TransferId = Id<struct TransferTag>;

/// Training done by a member, in the job's unit (`[trainer] unit`: epochs or optimiser steps), counted from scratch.
using Resource = std::int64_t;

constexpr SnapshotId snapshot_of(LeaseId lease) { return {lease.value}; }

}  // namespace stemma

template <class Tag>
struct std::hash<stemma::Id<Tag>> {
    std::size_t operator()(const stemma::Id<Tag>& id) const noexcept { return std::hash<std::uint64_t>{}(id.value); }
};
