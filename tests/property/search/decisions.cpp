// The decisions of many simulated searches, hashed: a change of the code that is not meant to change a decision does
// not. A change that is meant to: STEMMA_UPDATE=1 property_search --gtest_filter=Decisions.* writes the file anew, and
// the version of the decision rules goes up.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "case.hpp"
#include "sampler/explore.hpp"
#include "sampler/random.hpp"
#include "sampler/sobol.hpp"
#include "sampler/tpe.hpp"
#include "schedulers.hpp"

namespace stemma::testing {
namespace {

enum class Course { calm, faults, copies, resumed };
constexpr std::pair<Course, const char*> courses[] = {
    {Course::calm, "calm"}, {Course::faults, "faults"}, {Course::copies, "copies"}, {Course::resumed, "resumed"}};

std::unique_ptr<Sampler> sampler_of(std::uint64_t seed) {
    const auto space = Case::space();
    switch (seed % 4) {
        case 0:
            return make_random_sampler(space, seed);
        case 1:
            return make_sobol_sampler(space, seed);
        case 2:
            return make_tpe_sampler(space, seed, {});
        default:
            return make_explore_sampler(space, seed, {}, make_random_sampler(space, seed));
    }
}

Manager manager_of(const Case& what) {
    const auto& settings = what.manager;
    return Manager(settings, *Case::space(),
                   make_scheduler(what.kind, what.eta, what.max, settings.budget.members, settings.seed),
                   sampler_of(settings.seed));
}

Case search_of(Kind kind, Course course, std::uint64_t seed) {
    if (course == Course::calm || course == Course::copies) {
        auto what = plain_case(kind, seed);
        what.manager.leases_ahead = what.simulation.leases_ahead = static_cast<std::uint32_t>(seed % 3);
        if (course == Course::calm) return what;
        what.manager.replicated = static_cast<DurablePolicy>(1 + seed % 3);
        what.manager.durable = static_cast<DurablePolicy>(seed / 3 % 4);
        what.simulation.workers_per_host = static_cast<std::uint32_t>(seed % 3);
        what.simulation.snapshot_quota = seed % 2 == 0 ? 0 : 2 + seed % 5;
        what.simulation.bytes_per_second = 0.5 + static_cast<double>(seed % 7);
        what.simulation.faults.death_per_second = 0.05;
        what.simulation.faults.respawn_seconds = 0.5;
        return what;
    }
    return drawn_case(kind, seed);
}

/// FNV-1a.
class Hash {
public:
    /// Floating-point numbers, whose last bits are a matter of the machine's libraries, count if `exact`.
    explicit Hash(bool exact) : exact_(exact) {}
    void add(const Input& input) {
        if (!exact_) return;
        bytes_.clear();
        record::encode(input, bytes_);
        mix();
    }
    /// What only tells more of a decision does not count: logs of format 1 lack it.
    void add(Effect effect) {
        if (auto* noted = std::get_if<effect::Noted>(&effect); noted != nullptr && noted->kind == EventKind::selected)
            return;
        if (auto* born = std::get_if<effect::Born>(&effect)) born->place.reset();
        if (auto* assign = std::get_if<effect::Train>(&effect)) assign->adopted_from.reset();
        if (!exact_) {
            if (auto* born = std::get_if<effect::Born>(&effect)) born->configuration.clear();
            if (auto* noted = std::get_if<effect::Noted>(&effect)) noted->value = 0;
        }
        bytes_.clear();
        record::encode(effect, bytes_);
        mix();
    }
    std::uint64_t value() const { return value_; }

private:
    void mix() {
        for (const auto byte : bytes_) value_ = (value_ ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
    }
    bool exact_;
    Bytes bytes_;
    std::uint64_t value_ = 14695981039346656037ULL;
};

class Hasher : public SimulationObserver {
public:
    explicit Hasher(Hash& hash) : hash_(hash) {}
    void on(const Input& input, std::span<const Effect> effects) override {
        hash_.add(input);
        for (const auto& effect : effects) hash_.add(effect);
        if (keep) entries.push_back({input, {effects.begin(), effects.end()}});
    }
    bool keep = false;
    std::vector<record::Entry> entries;

private:
    Hash& hash_;
};

void run(Kind kind, Course course, std::uint64_t seed, Hash& hash) {
    const auto what = search_of(kind, course, seed);
    const auto journal = record::null_journal();
    Hasher hasher(hash);
    hasher.keep = course == Course::resumed;
    auto settings = what.simulation;
    if (hasher.keep) settings.max_inputs = 15 + seed % 40;
    auto manager = manager_of(what);
    simulate(manager, curve(), settings, *journal, &hasher);
    if (!hasher.keep || hasher.entries.empty()) return;
    auto resumed = manager_of(what);
    for (const auto& entry : hasher.entries) {
        Effects effects;
        resumed.on(entry.input, effects);
        for (const auto& effect : effects) hash.add(effect);
    }
    settings.max_inputs = ~std::uint64_t{0};
    settings.incarnation = 1;
    settings.first_sequence = hasher.entries.size();
    settings.first_time = hasher.entries.back().input.time;
    simulate(resumed, curve(), settings, *journal, &hasher);
}

/// A line for each scheduler and course (`exact`: for each search).
std::string digests(std::uint64_t searches, bool exact) {
    std::ostringstream text;
    for (const auto kind : all_kinds) {
        for (const auto& [course, name] : courses) {
            Hash hash(exact);
            for (std::uint64_t seed = 0; seed < searches; ++seed) {
                run(kind, course, seed, hash);
                if (exact) text << name_of(kind) << ' ' << name << ' ' << seed << ' ' << hash.value() << '\n';
            }
            if (!exact) text << name_of(kind) << ' ' << name << ' ' << std::hex << hash.value() << std::dec << '\n';
        }
    }
    return text.str();
}

TEST(Decisions, AreThoseOfTheFile) {
    if (const char* place = std::getenv("STEMMA_DECISIONS")) {
        // To compare two builds search by search, floating-point numbers included.
        std::ofstream(place) << digests(200, true);
        return;
    }
    const std::string place = STEMMA_ROOT "/tests/data/decisions.txt";
    const auto found = digests(20, false);
    if (std::getenv("STEMMA_UPDATE") != nullptr) std::ofstream(place) << found;
    std::ostringstream expected;
    expected << std::ifstream(place).rdbuf();
    EXPECT_EQ(found, expected.str());
}

}  // namespace
}  // namespace stemma::testing
