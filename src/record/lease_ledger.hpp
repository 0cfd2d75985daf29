#pragma once
// The trainings that are given out, and how each ended, according to the log. Only this file knows when a training is
// over.

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "manager/effect.hpp"
#include "manager/input.hpp"
#include "record/schema.hpp"

namespace stemma::record {

/// Must get each input, and then each decision that answers it, in the order of the log.
class LeaseLedger {
public:
    struct Lease {
        effect::Train assign;
        bool over = false;  ///< given up, but its worker has not ended it; its report is late
    };
    struct End {
        LeaseId lease;
        MemberId member;
        LeaseOutcome outcome;
    };

    /// The trainings that this input ends, in order of their numbers. The list is valid until the next call.
    std::span<const End> on(const input::Body& input);
    /// The training that this decision ends. A Train adds a training.
    std::optional<End> on(const Effect& effect);

    /// Trainings whose workers have neither reported, failed, nor been lost.
    const std::map<LeaseId, Lease>& held() const { return held_; }

private:
    using Held = std::map<LeaseId, Lease>::iterator;
    Held let_go(Held lease, LeaseOutcome outcome);
    void let_go(LeaseId lease, WorkerId worker, LeaseOutcome outcome);

    std::map<LeaseId, Lease> held_;
    std::vector<End> ends_;
};

}  // namespace stemma::record
