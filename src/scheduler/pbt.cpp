#include "scheduler/pbt.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "scheduler/pbt_population.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

constexpr std::uint32_t deaths_max = 10;
constexpr std::uint32_t passed_over_max = 64;
constexpr std::size_t looked_at_max = 64;  // entries of the queue searched for a member whose weights need not move

class Pbt : public Scheduler {
public:
    explicit Pbt(const PbtSettings& settings) : settings_(settings), population_(settings) {
        for (std::uint32_t slot = 0; slot < settings_.population; ++slot) queue_.push_back(slot);
    }

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }
    std::vector<RungRow> rungs() const override { return {}; }
    bool exhausted() const override { return queue_.empty() && in_flight_ == 0; }
    std::string describe() const override { return description_of(settings_); }
    std::size_t memory_bytes() const override {
        return slot_of_.capacity() * sizeof(std::uint32_t) + population_.memory_bytes();
    }

private:
    void take(const event::WorkWanted& wanted, Actions& out) {
        std::vector<std::uint32_t> early;
        while (!queue_.empty()) {
            const auto number = take_from_queue(wanted.placement);
            const auto turn = take_turn(number, out);
            if (turn == Turn::too_early) early.push_back(number);
            population_.plan(number);
            if (turn == Turn::work) break;
        }
        queue_.insert(queue_.begin(), early.begin(), early.end());
    }

    enum class Turn : std::uint8_t {
        work,       ///< asked for
        none,       ///< the slot is closed, or queued again
        too_early,  ///< there may be a donor after the next report
    };

    Turn take_turn(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        if (slot.next == PbtNext::continuation) {
            birth_ = number;
            out.push_back(action::Create{.to = next_boundary(slot, slot.reached),
                                         .same_as = slot.member,
                                         .parent = slot.member,
                                         .generation = slot.generation,
                                         .cause = BirthCause::continuation,
                                         .replaces = slot.member});
            return Turn::work;
        }
        if (slot.next == PbtNext::backtrack) {
            birth_ = number;
            out.push_back(action::Create{.to = next_boundary(slot, slot.best_reached),
                                         .parent = slot.best,
                                         .generation = slot.generation + 1,
                                         .cause = BirthCause::backtrack,
                                         .replaces = slot.member});
            return Turn::work;
        }
        if (slot.state == PbtState::waiting) {
            slot.state = PbtState::running;
            ++in_flight_;
            out.push_back(action::Train{slot.member, next_boundary(slot, slot.reached)});
            return Turn::work;
        }
        if (slot.state == PbtState::yielding) return give_way(number, out);
        return refill(number, out);
    }

    /// The members that were better may have died or fallen behind since.
    Turn give_way(std::uint32_t number, Actions& out) {
        const auto donor = population_.draw_donor(number);
        if (donor && !has_better_best(number, *donor) &&
            population_.affords(number, population_[*donor].reached, pbt_reports_max)) {
            ask_for_child(number, *donor, out);
            return Turn::work;
        }
        population_.restore(number);
        go_own_way(number, out);
        queue_.push_front(number);
        return Turn::none;
    }

    /// The slot has no member, or a dead one.
    Turn refill(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        if (!slot.member.exists()) return start_from_scratch(number, out);
        const auto donor = donor_for_the_dead(number, out);
        if (donor && !has_better_best(number, *donor)) {
            if (!affords_a_death(number, population_[*donor].reached)) return shut(number);
            ask_for_child(number, *donor, out);
            return Turn::work;
        }
        if (slot.best.exists()) {
            if (!affords_a_death(number, slot.best_reached)) return shut(number);
            slot.next = PbtNext::backtrack;
            return take_turn(number, out);
        }
        if (heir_comes()) return Turn::too_early;
        if (someone_finished_ || !affords_a_death(number, 0)) return shut(number);
        return start_from_scratch(number, out);
    }

    /// The member does not give up, after all.
    void stay(std::uint32_t number, Actions& out) {
        population_.restore(number);
        population_[number].next = PbtNext::regular;
        wait(number, out);
    }

    void wait(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        slot.state = PbtState::waiting;
        // Durable: on resume the member goes on, and it may be a donor.
        out.push_back(action::Keep{slot.member, certain_to_go_on + retention_priority(0, slot.objective), true});
    }

    Turn start_from_scratch(std::uint32_t number, Actions& out) {
        birth_ = number;
        birth_donor_.reset();
        const auto& slot = population_[number];
        out.push_back(action::Create{.to = next_boundary(slot, 0), .replaces = slot.member});
        return Turn::work;
    }

    Turn shut(std::uint32_t number) {
        close(number);
        return Turn::none;
    }

    /// A child of the donor would replace a better best of its own lineage.
    bool has_better_best(std::uint32_t number, std::uint32_t donor) const {
        const auto& slot = population_[number];
        const auto& other = population_[donor];
        return slot.best.exists() && slot.best != other.best && slot.best_objective < other.objective;
    }

    /// Without a donor, the best of the members that were about to give up goes on and is the donor.
    std::optional<std::uint32_t> donor_for_the_dead(std::uint32_t number, Actions& out) {
        if (const auto donor = population_.draw_donor(number)) return donor;
        const auto yielding = population_.best_yielding();
        if (!yielding) return std::nullopt;
        stay(*yielding, out);
        return yielding;
    }

    /// True if a better start than from scratch will come: a running member's snapshot, or a lineage's best.
    bool heir_comes() const {
        for (std::uint32_t number = 0; number < population_.size(); ++number) {
            const auto& slot = population_[number];
            if (slot.state == PbtState::running && slot.reached > 0) return true;
            if (slot.state == PbtState::vacant && slot.best.exists()) return true;
        }
        return false;
    }

    bool affords_a_death(std::uint32_t number, Resource reached) const {
        return population_.affords(number, reached, pbt_reports_max_with_deaths);
    }

    std::uint32_t take_from_queue(const Placement* placement) {
        auto chosen = queue_.begin();
        if (placement != nullptr && passed_over_ < passed_over_max) {
            const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), looked_at_max));
            const auto stays = std::find_if(queue_.begin(), end, [&](std::uint32_t number) {
                const auto& slot = population_[number];
                const bool goes_back = slot.next == PbtNext::backtrack;  // a donor is only drawn at the birth
                return (goes_back || slot.state == PbtState::waiting) &&
                       slot.reached <= population_[queue_.front()].reached &&
                       placement->stays(goes_back ? slot.best : slot.member);
            });
            if (stays != end) chosen = stays;
        }
        passed_over_ = chosen == queue_.begin() ? 0 : passed_over_ + 1;
        const auto number = *chosen;
        queue_.erase(chosen);
        return number;
    }

    Resource next_boundary(const PbtSlot& slot, Resource reached) const {
        const auto step = settings_.interval * settings_.periods[slot.group];
        return step < settings_.max - reached ? reached + step : settings_.max;
    }

    void ask_for_child(std::uint32_t number, std::uint32_t donor, Actions& out) {
        const auto& slot = population_[number];
        const auto& from = population_[donor];
        birth_ = number;
        birth_donor_ = donor;
        action::Create create{.to = next_boundary(slot, from.reached),
                              .parent = from.source,
                              .generation = from.generation + 1,
                              .cause = BirthCause::exploit,
                              .replaces = slot.member};
        if (const auto values = population_.values_from(number, donor); values.exists()) {
            create.same_as = values;
            if (values != from.source) create.donor = values;
        }
        out.push_back(create);
    }

    void take(const event::Created& created, Actions& out) {
        ensure(created.member.value == slot_of_.size(), "members are numbered in order of birth");
        slot_of_.push_back(birth_);
        ++in_flight_;
        auto& slot = population_[birth_];
        if (slot.state == PbtState::yielding) out.push_back(action::Release{slot.member});
        switch (slot.next) {
            case PbtNext::regular:
                release(population_.drop_best(birth_), out);
                if (birth_donor_) population_.note_migration(birth_, *birth_donor_);
                population_.settle(birth_, created.member, birth_donor_);
                break;
            case PbtNext::continuation:
                population_.go_on(birth_, created.member);
                break;
            case PbtNext::backtrack:
                population_.go_back(birth_, created.member);
                break;
        }
        population_.plan(birth_);
    }

    void take(const event::NoMoreMembers&, Actions& out) {
        no_more_ = true;
        queue_.push_front(birth_);
        close_vacancies(out);
    }

    /// No child of the lineage's best will be born: the best itself trains on.
    bool train_on_best(std::uint32_t number) {
        auto& slot = population_[number];
        if (slot.next != PbtNext::backtrack) return false;
        slot.next = PbtNext::regular;
        if (!slot.best.exists() || population_[slot_of_[slot.best.value]].member == slot.best) return false;
        slot.member = slot.best;
        slot.reached = slot.best_reached;
        slot.state = PbtState::waiting;
        slot_of_[slot.member.value] = number;
        population_.forget_best(slot.member);
        // Members that came from it rank with a report whose snapshot will be gone.
        for (std::uint32_t other = 0; other < population_.size(); ++other) {
            if (population_[other].source == slot.member) population_.lose_snapshot(other);
        }
        return true;
    }

    /// Closes slots whose awaited birth will not come.
    void close_vacancies(Actions& out) {
        std::erase_if(queue_, [&](std::uint32_t number) {
            auto& slot = population_[number];
            if (slot.state == PbtState::yielding) {
                stay(number, out);
            } else if (slot.next == PbtNext::continuation && number == birth_) {
                slot.next = PbtNext::regular;
                population_.forget_best(slot.member);
            }
            const bool closes = slot.state == PbtState::vacant && !train_on_best(number);
            if (closes) close(number);
            population_.plan(number);
            return closes;
        });
    }

    /// The lineage's best stays, for a search that is extended.
    void close(std::uint32_t number) {
        population_[number].state = PbtState::closed;
        population_[number].next = PbtNext::regular;
    }

    void take(const event::ParentLost& lost, Actions& out) {
        const auto number = slot_of_[lost.parent.value];
        const auto asked = population_[birth_].next;
        if (asked == PbtNext::regular) population_.unrank(number);
        lose_snapshot(lost.parent, out);
        auto& owner = population_[number];
        if (owner.member != lost.parent) {
            if (asked != PbtNext::regular || owner.source == lost.parent) out.push_back(action::Release{lost.parent});
        } else if (owner.state == PbtState::waiting) {
            owner.next = PbtNext::regular;  // the manager knows how it goes on without its snapshot
        }
        queue_.push_front(birth_);
    }

    /// No lineage goes back to this member, and no slot takes over from it.
    void lose_snapshot(MemberId member, Actions& out) {
        population_.forget_best(member);
        for (std::uint32_t number = 0; number < population_.size(); ++number) {
            auto& slot = population_[number];
            if (slot.source == member) population_.lose_snapshot(number);
            if (slot.next != PbtNext::backtrack || slot.best.exists()) continue;
            if (slot.state == PbtState::yielding) {
                stay(number, out);
            } else {
                slot.next = PbtNext::regular;
                population_.bury(number);
            }
            population_.plan(number);
        }
    }

    void release(MemberId member, Actions& out) const {
        if (member.exists()) out.push_back(action::Release{member});
    }

    void take(const event::TimePassed&, Actions&) {}

    void take(const event::Report& report, Actions& out) {
        const auto number = slot_of_[report.member.value];
        auto& slot = population_[number];
        ensure(slot.member == report.member && slot.state == PbtState::running,
               "a report comes from a member that was asked to train");
        --in_flight_;
        population_.count_report();
        slot.reached = report.resource;
        if (!std::isfinite(report.objective)) {
            out.push_back(action::Release{report.member});
            lose(number);
        } else if (population_.rank(number, report.objective); report.resource >= settings_.max) {
            finish(number, out);
        } else if (!no_more_ && report.resource >= settings_.burn_in && population_.gives_up(number)) {
            give_up(number, out);
            queue_.push_back(number);
        } else {
            go_own_way(number, out);
            queue_.push_back(number);
        }
        population_.plan(number);
    }

    void finish(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        population_.unrank(number);
        slot.state = PbtState::finished;
        someone_finished_ = true;
        release(population_.drop_best(number), out);
        out.push_back(action::Keep{slot.member, retention_priority(0, slot.objective), false});
    }

    /// Not final before its child is born.
    void give_up(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        population_.retire(number);
        slot.state = PbtState::yielding;
        out.push_back(action::Keep{slot.member, retention_priority(0, slot.objective), false});
    }

    /// The member has reported and takes over from no other. The slot is to be queued.
    void go_own_way(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        slot.deaths = 0;
        if (goes_back(number)) {
            give_up(number, out);
            slot.next = PbtNext::backtrack;
            return;
        }
        follow_best(number, out);
        wait(number, out);
    }

    /// Whether the lineage goes back to its best. Counts the reports without a new best.
    bool goes_back(std::uint32_t number) {
        auto& slot = population_[number];
        if (settings_.backtrack_after == 0 || slot.objective < slot.best_objective) return false;
        ++slot.worse;
        if (slot.worse < settings_.backtrack_after || slot.reached < settings_.burn_in) return false;
        if (no_more_ || slot.returns == settings_.backtracks) return false;
        if (!population_.affords(number, slot.best_reached, pbt_reports_max)) return false;
        slot.worse = 0;
        ++slot.returns;
        return true;
    }

    /// A new best of its lineage is frozen, to go back to. So is a member whose lineage has gone back to the same best
    /// often enough.
    void follow_best(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        if (settings_.backtrack_after == 0) return;
        if (slot.objective >= slot.best_objective && slot.worse < settings_.backtrack_after) return;
        release(population_.set_best(number), out);
        slot.next = PbtNext::continuation;
    }

    /// The slot's member has died: a child of another member will replace it.
    void lose(std::uint32_t number) {
        auto& slot = population_[number];
        population_.bury(number);
        const bool queued = slot.state == PbtState::waiting || slot.state == PbtState::yielding;
        const bool best_goes_on = no_more_ && slot.best.exists();
        slot.state = PbtState::vacant;
        slot.next = best_goes_on ? PbtNext::backtrack : PbtNext::regular;
        if (++slot.deaths >= deaths_max || (no_more_ && !train_on_best(number))) {
            close(number);
            if (queued) std::erase(queue_, number);
        } else if (!queued) {
            queue_.push_back(number);
        }
    }

    void take(const event::GivenUp& given_up, Actions& out) {
        lose_snapshot(given_up.member, out);
        const auto number = slot_of_[given_up.member.value];
        auto& slot = population_[number];
        // A member that gave up before is no longer in its slot.
        if (slot.member != given_up.member || slot.state == PbtState::vacant || slot.state == PbtState::closed) return;
        if (slot.state == PbtState::finished) {
            slot.state = PbtState::closed;
            return;
        }
        if (slot.state == PbtState::running) --in_flight_;
        lose(number);
        population_.plan(number);
    }

    void take(const event::Extended& extended, Actions&) {
        no_more_ = false;
        const bool further = extended.max_resource > settings_.max;
        if (further) {
            settings_.max = extended.max_resource;
            someone_finished_ = false;
        }
        for (std::uint32_t number = 0; number < population_.size(); ++number) {
            auto& slot = population_[number];
            if (slot.state == PbtState::finished && further) {
                slot.state = PbtState::waiting;
                population_.rank(number, slot.objective);
                queue_.push_back(number);
            } else if (slot.state == PbtState::closed) {
                slot.state = PbtState::vacant;
                slot.deaths = 0;
                queue_.push_back(number);
            }
        }
        population_.begin_count(settings_.max);
    }

    PbtSettings settings_;
    PbtPopulation population_;
    std::vector<std::uint32_t> slot_of_;  ///< by member
    std::deque<std::uint32_t> queue_;     ///< slots, waiting or vacant
    std::uint32_t passed_over_ = 0;       ///< how often its front was passed over in a row
    std::uint32_t birth_ = 0;             ///< slot of the member asked for
    std::optional<std::uint32_t> birth_donor_;
    std::uint64_t in_flight_ = 0;
    bool someone_finished_ = false;
    bool no_more_ = false;
};

}  // namespace

PbtSettings pbt_ray() {
    PbtSettings settings;
    settings.bottom = settings.top = 0.25;
    return settings;
}

PbtSettings pbt_multi_frequency() {
    PbtSettings settings;
    settings.bottom = settings.top = 0.25;
    settings.periods = {1, 10, 25, 50};
    settings.migrants = PbtMigrants::lower_half;
    return settings;
}

std::unique_ptr<Scheduler> make_pbt(const PbtSettings& settings) {
    require_good(settings);
    return std::make_unique<Pbt>(settings);
}

}  // namespace stemma
