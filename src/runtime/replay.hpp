#pragma once
// Resume and verify do the same: they feed the recorded inputs to a fresh manager and compare each answer. Proposed
// configurations are inputs too. They are taken from the record, and the present proposals are compared with them.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "manager/manager.hpp"
#include "record/journal.hpp"

namespace stemma {

struct Mismatch {
    std::uint64_t sequence = 0;  ///< of the input whose answer differs
    std::string recorded;
    std::string recomputed;
};

struct ReplayResult {
    std::uint64_t inputs = 0;
    std::uint64_t decisions = 0;
    double last_time = 0;
    std::uint32_t incarnations = 0;
    ProposalCheck proposals;
    std::uint64_t models_equal = 0;  ///< recorded fits that come out equal here (if they are repeated)
    std::uint64_t models_different = 0;
    std::optional<Mismatch> mismatch;  ///< the first decision that differs; replay stops there
};

/// Feeds every entry that `each` hands out to `manager`. O(entries). Fitted models are taken from the record. With
/// `fit_again` each is also fitted here and compared, which takes as long as it did in the run.
ReplayResult replay(Manager& manager, const std::function<void(const std::function<void(const record::Entry&)>&)>& each,
                    bool fit_again = false);

}  // namespace stemma
