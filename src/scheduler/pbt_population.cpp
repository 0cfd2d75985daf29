#include "scheduler/pbt_population.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "scheduler/welch.hpp"

namespace stemma {

namespace {

/// ceil(share * ranked), at most half of them: top and bottom never overlap.
std::size_t share_of(double share, std::size_t ranked) {
    // A share of 0.2 of 15 is 3, although the product is a little above.
    const auto part = static_cast<std::size_t>(std::ceil(share * static_cast<double>(ranked) - 1e-9));
    return std::min(part, ranked / 2);
}

std::size_t index_of(double uniform, std::size_t size) {
    return std::min(size - 1, static_cast<std::size_t>(uniform * static_cast<double>(size)));
}

std::string percent(double share) { return std::to_string(std::lround(share * 100)) + " %"; }

}  // namespace

std::uint32_t pbt_group(const PbtSettings& settings, std::size_t slot) {
    return static_cast<std::uint32_t>(slot * settings.periods.size() / settings.population);
}

PbtPopulation::PbtPopulation(const PbtSettings& settings)
    : settings_(settings), slots_(settings.population), rankings_(settings.periods.size()) {
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
        slots_[slot].group = pbt_group(settings, slot);
    }
    begin_count(settings_.max);
}

void PbtPopulation::settle(std::uint32_t number, MemberId member, std::optional<std::uint32_t> donor) {
    auto& slot = slots_[number];
    slot.member = member;
    if (!slot.ranked) slot.objective = std::numeric_limits<double>::infinity();
    lose_snapshot(number);
    slot.state = PbtState::running;
    slot.draws = 0;
    slot.opponent.reset();
    slot.reached = donor ? slots_[*donor].reached : 0;
    slot.generation = donor ? slots_[*donor].generation + 1 : 0;
    slot.reports = donor ? slots_[*donor].reports : std::deque<double>{};
    slot.next = PbtNext::regular;
    slot.worse = slot.returns = 0;
    if (!donor || !slots_[*donor].best.exists()) return;
    ensure(!slot.best.exists(), "a slot that takes over a lineage has left its own");
    slot.best = slots_[*donor].best;
    slot.best_objective = slots_[*donor].best_objective;
    slot.best_reached = slots_[*donor].best_reached;
    ++bests_[slot.best];
}

void PbtPopulation::go_on(std::uint32_t number, MemberId child) {
    auto& slot = slots_[number];
    slot.member = child;
    slot.state = PbtState::running;
    slot.next = PbtNext::regular;
    slot.draws = 0;
    slot.opponent.reset();
}

void PbtPopulation::go_back(std::uint32_t number, MemberId child) {
    go_on(number, child);
    auto& slot = slots_[number];
    lose_snapshot(number);
    slot.reached = slot.best_reached;
    ++slot.generation;
    slot.reports.clear();
}

MemberId PbtPopulation::set_best(std::uint32_t number) {
    const auto old = drop_best(number);
    auto& slot = slots_[number];
    slot.best = slot.member;
    slot.best_objective = slot.objective;
    slot.best_reached = slot.reached;
    ++bests_[slot.best];
    return old;
}

MemberId PbtPopulation::drop_best(std::uint32_t number) {
    auto& slot = slots_[number];
    const auto old = std::exchange(slot.best, MemberId::none());
    slot.best_objective = std::numeric_limits<double>::infinity();
    slot.worse = slot.returns = 0;
    if (!old.exists()) return old;
    const auto count = bests_.find(old);
    if (--count->second > 0) return MemberId::none();
    bests_.erase(count);
    return old;
}

void PbtPopulation::forget_best(MemberId member) {
    if (!bests_.contains(member)) return;
    for (std::uint32_t number = 0; number < slots_.size(); ++number) {
        if (slots_[number].best == member) drop_best(number);
    }
}

void PbtPopulation::rank(std::uint32_t number, double objective) {
    unrank(number);
    auto& slot = slots_[number];
    slot.objective = objective;
    slot.source = slot.member;
    slot.ranked = slot.usable = slot.donor = true;
    slot.migrates = slot.taken = false;
    rankings_[slot.group].insert(objective, number);
    if (settings_.selection != PbtSelection::t_test) return;
    slot.reports.push_back(objective);
    if (slot.reports.size() > settings_.t_test_reports) slot.reports.pop_front();
}

void PbtPopulation::unrank(std::uint32_t number) {
    auto& slot = slots_[number];
    lose_snapshot(number);
    if (std::exchange(slot.ranked, false)) rankings_[slot.group].erase(slot.objective, number);
}

void PbtPopulation::bury(std::uint32_t number) {
    unrank(number);
    slots_[number].objective = std::numeric_limits<double>::infinity();
    slots_[number].migrates = false;
}

bool PbtPopulation::gives_up(std::uint32_t number) {
    auto& slot = slots_[number];
    const auto& ranking = rankings_[slot.group];
    if (!better(donor_from(ranking, 0, ranking.size(), number), number)) return false;
    if (settings_.selection == PbtSelection::truncation) {
        const auto rank = ranking.rank(slot.objective, number);
        if (rank >= ranking.size() - share_of(settings_.bottom, ranking.size())) return true;
        slot.migrates = settings_.migrants == PbtMigrants::lower_half && 2 * rank >= ranking.size() &&
                        best_migrant(number).has_value();
        return slot.migrates;
    }
    const auto other = opponent_of(number);
    if (!better(other, number)) return false;
    if (settings_.selection == PbtSelection::t_test) {
        const auto& reports = slots_[*other].reports;
        const std::vector<double> theirs(reports.begin(), reports.end());
        const std::vector<double> own(slot.reports.begin(), slot.reports.end());
        if (welch_p_value(theirs, own) >= settings_.t_test_level) return false;
    }
    slot.opponent = other;
    return true;
}

std::optional<std::uint32_t> PbtPopulation::donor_from(const Ranking& ranking, std::size_t first, std::size_t count,
                                                       std::uint32_t except) const {
    for (std::size_t step = 0; step < count; ++step) {
        const auto number = ranking.slot_at((first + step) % count);
        if (number != except && slots_[number].donor) return number;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> PbtPopulation::opponent_of(std::uint32_t number) {
    auto& slot = slots_[number];
    const auto& ranking = rankings_[slot.group];
    Stream stream(settings_.seed, Purpose::exploit, slot.member.value, slot.draws++);
    auto drawn = static_cast<std::size_t>(stream.below(ranking.size() - 1));
    if (drawn >= ranking.rank(slot.objective, number)) ++drawn;  // any other slot
    return donor_from(ranking, drawn, ranking.size(), number);
}

std::optional<std::uint32_t> PbtPopulation::draw_donor(std::uint32_t number) {
    auto& slot = slots_[number];
    if (slot.opponent && slots_[*slot.opponent].donor && better(slot.opponent, number)) return slot.opponent;
    if (slot.migrates) return best_migrant(number);
    Stream stream(settings_.seed, Purpose::exploit, slot.member.value, slot.draws++);
    const double migrates = stream.uniform();
    const double which = stream.uniform();
    const double donor = stream.uniform();
    const double chance = settings_.migrants == PbtMigrants::losers ? settings_.migration : 0;
    if (rankings_.size() > 1 && migrates < chance) {
        if (const auto migrant = draw_migrant(number, which, donor)) return migrant;
    }
    if (const auto own = draw_top(rankings_[slot.group], donor, number)) return own;
    return rankings_.size() > 1 ? draw_migrant(number, which, donor) : std::nullopt;
}

std::optional<std::uint32_t> PbtPopulation::draw_migrant(std::uint32_t number, double which, double donor) const {
    const auto others = rankings_.size() - 1;
    const auto step = 1 + index_of(which, others);
    for (std::size_t turn = 0; turn < others; ++turn) {
        const auto group = (slots_[number].group + 1 + (step + turn - 1) % others) % rankings_.size();
        if (const auto migrant = draw_top(rankings_[group], donor, number)) return migrant;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> PbtPopulation::best_migrant(std::uint32_t number) const {
    std::optional<std::uint32_t> best;
    for (std::uint32_t group = 0; group < rankings_.size(); ++group) {
        if (group == slots_[number].group) continue;
        for (std::size_t rank = 0; rank < rankings_[group].size(); ++rank) {
            const auto other = rankings_[group].slot_at(rank);
            if (!slots_[other].donor || slots_[other].taken) continue;
            if (!best || slots_[other].objective < slots_[*best].objective) best = other;
            break;
        }
    }
    return better(best, number) ? best : std::nullopt;
}

std::optional<std::uint32_t> PbtPopulation::draw_top(const Ranking& ranking, double uniform, std::uint32_t slot) const {
    const auto top = std::min(ranking.size(), std::max<std::size_t>(1, share_of(settings_.top, ranking.size())));
    if (top == 0) return std::nullopt;
    if (const auto donor = donor_from(ranking, index_of(uniform, top), top, slot); better(donor, slot)) return donor;
    const auto best = donor_from(ranking, 0, ranking.size(), slot);
    return better(best, slot) ? best : std::nullopt;
}

std::optional<std::uint32_t> PbtPopulation::best_yielding() const {
    std::optional<std::uint32_t> best;
    for (std::uint32_t number = 0; number < size(); ++number) {
        if (slots_[number].state != PbtState::yielding || !slots_[number].usable) continue;
        if (!best || slots_[number].objective < slots_[*best].objective) best = number;
    }
    return best;
}

MemberId PbtPopulation::values_from(std::uint32_t number, std::uint32_t donor) const {
    const auto& slot = slots_[number];
    const bool faster = settings_.periods[slots_[donor].group] < settings_.periods[slot.group];
    if (slot.migrates && !faster) return slots_[donor].source;
    // Not even the hyperparameters of a dead member are used.
    if (!faster || !std::isfinite(slot.objective)) return MemberId::none();
    if (!slot.migrates) return slot.member;
    const auto best = donor_from(rankings_[slot.group], 0, rankings_[slot.group].size(), number);
    return best ? slots_[*best].source : slot.member;
}

double PbtPopulation::reports_from(std::uint32_t number, Resource reached) const {
    const auto step = settings_.interval * settings_.periods[slots_[number].group];
    return std::ceil(static_cast<double>(settings_.max - reached) / static_cast<double>(step));
}

double PbtPopulation::planned(std::uint32_t number) const {
    const auto& slot = slots_[number];
    switch (slot.state) {
        case PbtState::vacant:
        case PbtState::waiting:
        case PbtState::yielding:
            if (slot.next == PbtNext::backtrack) return reports_from(number, slot.best_reached);
            if (slot.state == PbtState::vacant && slot.member.exists()) return 0;
            return reports_from(number, slot.reached);
        case PbtState::running:
            return reports_from(number, slot.reached);
        case PbtState::finished:
        case PbtState::closed:
            return 0;
    }
    unreachable("a slot is in one of the states");
}

void PbtPopulation::plan(std::uint32_t number) {
    auto& slot = slots_[number];
    to_come_ -= std::exchange(slot.to_come, planned(number));
    to_come_ += slot.to_come;
}

bool PbtPopulation::affords(std::uint32_t number, Resource reached, double times) const {
    const auto& slot = slots_[number];
    const double reports = reports_from(number, reached);
    if (slot.state != PbtState::vacant && reports <= reports_from(number, slot.reached)) return true;
    return reports_ + to_come_ - slot.to_come + reports <= times * wanted_;
}

void PbtPopulation::begin_count(Resource max) {
    settings_.max = max;
    wanted_ = 0;
    double reopened = 0;
    for (std::uint32_t number = 0; number < size(); ++number) {
        plan(number);
        const double straight = reports_from(number, 0);
        wanted_ += straight;
        if (slots_[number].state == PbtState::vacant && slots_[number].to_come == 0) reopened += straight;
    }
    reports_ = std::max(0.0, wanted_ - to_come_ - reopened);
}

std::size_t PbtPopulation::memory_bytes() const {
    std::size_t bytes = slots_.capacity() * sizeof(PbtSlot);
    for (const auto& ranking : rankings_) bytes += ranking.memory_bytes();
    return bytes;
}

std::string description_of(const PbtSettings& settings) {
    std::string text = "PBT (";
    switch (settings.selection) {
        case PbtSelection::truncation:
            text += "truncation, bottom " + percent(settings.bottom) + ", top " + percent(settings.top);
            break;
        case PbtSelection::binary_tournament:
            text += "binary tournament";
            break;
        case PbtSelection::t_test:
            text += "t-test on " + std::to_string(settings.t_test_reports) + " reports";
            break;
    }
    text += "): population " + std::to_string(settings.population) + ", interval " + std::to_string(settings.interval) +
            ", to " + std::to_string(settings.max);
    if (settings.backtrack_after > 0) {
        text += ", back after " + std::to_string(settings.backtrack_after) +
                (settings.backtrack_after == 1 ? " worse report" : " worse reports");
    }
    if (settings.periods.size() > 1) {
        text += ", periods";
        for (const auto period : settings.periods) text += ' ' + std::to_string(period);
        if (settings.migrants == PbtMigrants::lower_half) text += ", migrants from the lower half";
    }
    return text;
}

}  // namespace stemma
