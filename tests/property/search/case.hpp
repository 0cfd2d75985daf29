#pragma once
// A small search drawn from a seed: machine, faults, budget, scheduler. The same seed gives the same search anywhere.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "manager/manager.hpp"
#include "record/journal.hpp"
#include "scheduler/gpbt.hpp"
#include "scheduler/pbt.hpp"
#include "simulator/checkers.hpp"
#include "simulator/path_curve.hpp"
#include "simulator/simulator.hpp"

namespace stemma::testing {

enum class Kind { random, sha, hyperband, asha, asha_stopping, asha_hyperband, pbt, gpbt, pasha };
inline constexpr Kind all_kinds[] = {Kind::random,         Kind::sha, Kind::hyperband, Kind::asha, Kind::asha_stopping,
                                     Kind::asha_hyperband, Kind::pbt, Kind::gpbt,      Kind::pasha};
std::string name_of(Kind kind);

struct Case {
    Kind kind = Kind::asha;
    Resource max = 9;
    std::uint32_t eta = 3;
    ManagerSettings manager;
    SimulationSettings simulation;
    std::optional<PbtSettings> pbt = {};  ///< instead of one drawn from the seed
    std::optional<GpbtSettings> gpbt = {};

    static std::shared_ptr<const SearchSpace> space();
    Manager make_manager() const;
    CheckerSettings checkers() const;
    LineageRules lineages() const;
};

/// A fault-free search of a few dozen members.
Case plain_case(Kind kind, std::uint64_t seed);
/// Everything drawn: size, budget, quotas, and each kind of fault with two chances in three.
Case drawn_case(Kind kind, std::uint64_t seed);
/// The same search on two workers, with leases in advance: trainings take less time than an answer of the manager, and
/// there are many reports.
Case with_short_trainings(Case drawn);
/// The learning curves of all cases.
const LearningCurve& curve();

/// Keeps what a journal would keep, and passes it to the checkers.
class Recorder : public SimulationObserver {
public:
    explicit Recorder(CheckerSettings settings) : checkers(std::move(settings)) {}
    void on(const Input& input, std::span<const Effect> effects) override;

    Checkers checkers;
    std::vector<record::Entry> entries;
};

/// A whole search under all checkers, which are compared with the manager in the end. Throws what they throw.
struct Ran {
    std::vector<record::Entry> entries;
    SimulationResult result;
    bool manager_ended = false;
};
Ran checked_run(const Case& what);

/// One number for a whole history: equal iff (all but surely) inputs and decisions are byte for byte equal.
std::uint64_t digest(const std::vector<record::Entry>& entries);
/// A fresh manager that has seen the entries. Throws CheckFailed if it decides otherwise than before.
Manager replayed(const Case& what, const std::vector<record::Entry>& entries);

/// Seeds 0 .. n - 1, or the seed in STEMMA_PROPERTY_SEED. `n` is twenty times as large with STEMMA_TEST_CAMPAIGN=all.
/// With STEMMA_TEST_CAMPAIGN=K/N the seeds are those of the large `n` whose remainder modulo N is K.
std::vector<std::uint64_t> seeds(std::uint64_t n);
/// "replay it with: STEMMA_PROPERTY_SEED=17 property_search --gtest_filter=...": for the message of a failing seed.
std::string how_to_replay(std::uint64_t seed);

}  // namespace stemma::testing
