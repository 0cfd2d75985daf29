#include "scheduler/pbt.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "core/rng.hpp"
#include "scheduler/pbt_population.hpp"
#include "scheduler/require.hpp"
#include "scheduler/retention.hpp"

namespace stemma {

namespace {

constexpr std::uint32_t deaths_max = 10;
constexpr std::uint32_t passed_over_max = 64;
constexpr std::size_t looked_at_max = 64;  // of the queue, for one whose weights need not move

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
    void take(const WorkWanted& wanted, Actions& out) {
        while (!queue_.empty()) {
            const auto number = take_from_queue(wanted.placement);
            auto& slot = population_[number];
            if (slot.next == PbtNext::continuation) {
                birth_ = number;
                out.push_back(Create{.to = next_boundary(slot, slot.reached),
                                     .same_as = slot.member,
                                     .parent = slot.member,
                                     .generation = slot.generation,
                                     .cause = BirthCause::continuation});
                return;
            }
            if (slot.next == PbtNext::backtrack) {
                birth_ = number;
                out.push_back(Create{.to = next_boundary(slot, slot.best_reached),
                                     .parent = slot.best,
                                     .generation = slot.generation + 1,
                                     .cause = BirthCause::backtrack});
                return;
            }
            if (slot.state == PbtState::waiting) {
                slot.state = PbtState::running;
                ++in_flight_;
                out.push_back(Train{slot.member, next_boundary(slot, slot.reached)});
                return;
            }
            if (ask_birth(number, out)) return;
            slot.state = PbtState::closed;
        }
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

    bool ask_birth(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        const bool first = !slot.member.exists();
        const auto donor = first ? std::nullopt : population_.draw_donor(number);
        if (!donor && !first && someone_finished_) return false;
        birth_ = number;
        birth_donor_ = donor;
        if (!donor) {
            out.push_back(Create{.to = next_boundary(slot, 0)});
            return true;
        }
        const auto& from = population_[*donor];
        Create create{.to = next_boundary(slot, from.reached),
                      .parent = from.source,
                      .generation = from.generation + 1,
                      .cause = BirthCause::exploit};
        if (population_.only_weights(number, *donor)) create.same_as = create.donor = slot.member;
        out.push_back(create);
        return true;
    }

    void take(const Created& created, Actions&) {
        ensure(created.member.value == slot_of_.size(), "members are numbered in order of birth");
        slot_of_.push_back(birth_);
        ++in_flight_;
        switch (population_[birth_].next) {
            case PbtNext::regular:
                population_.settle(birth_, created.member, birth_donor_);
                return;
            case PbtNext::continuation:
                population_.go_on(birth_, created.member);
                return;
            case PbtNext::backtrack:
                population_.go_back(birth_, created.member);
                return;
        }
    }

    void take(const NoMoreMembers&, Actions& out) {
        no_more_ = true;
        if (!train_on_best(birth_)) close(birth_, out);
        close_vacancies(out);
    }

    /// No child of the lineage's best will be born: it trains on itself.
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
        // Whoever came from it ranks with a report whose snapshot will be gone.
        for (std::uint32_t other = 0; other < population_.size(); ++other) {
            if (population_[other].source == slot.member) population_[other].donor = false;
        }
        queue_.push_back(number);
        return true;
    }

    /// Slots that wait for a birth which will not come.
    void close_vacancies(Actions& out) {
        std::vector<std::uint32_t> vacant;
        std::erase_if(queue_, [&](std::uint32_t number) {
            if (population_[number].state != PbtState::vacant) return false;
            vacant.push_back(number);
            return true;
        });
        for (const auto number : vacant) {
            if (!train_on_best(number)) close(number, out);
        }
    }

    void close(std::uint32_t number, Actions& out) {
        population_[number].state = PbtState::closed;
        release(population_.drop_best(number), out);
    }

    void take(const ParentLost& lost, Actions& out) {
        const auto number = slot_of_[lost.parent.value];
        const auto asked = population_[birth_].next;
        if (asked == PbtNext::regular) population_.unrank(number);
        lose_snapshot(lost.parent);
        auto& owner = population_[number];
        if (owner.member != lost.parent) {
            if (asked != PbtNext::regular || owner.source == lost.parent) out.push_back(Release{lost.parent});
        } else if (owner.state == PbtState::waiting) {
            owner.next = PbtNext::regular;  // the manager knows how it goes on without its snapshot
        }
        queue_.push_front(birth_);
    }

    /// Nobody goes back to this member, and nobody takes over from it.
    void lose_snapshot(MemberId member) {
        population_.forget_best(member);
        for (std::uint32_t number = 0; number < population_.size(); ++number) {
            auto& slot = population_[number];
            if (slot.source == member) slot.donor = false;
            if (slot.next == PbtNext::backtrack && !slot.best.exists()) slot.next = PbtNext::regular;
        }
    }

    void release(MemberId member, Actions& out) const {
        if (member.exists()) out.push_back(Release{member});
    }

    void take(const TimePassed&, Actions&) {}

    void take(const Reported& report, Actions& out) {
        const auto number = slot_of_[report.member.value];
        auto& slot = population_[number];
        ensure(slot.member == report.member && slot.state == PbtState::running,
               "a report comes from a member that was asked to train");
        --in_flight_;
        slot.reached = report.resource;
        if (!std::isfinite(report.objective)) {
            out.push_back(Release{report.member});
            population_.unrank(number);
            slot.objective = report.objective;
            lose(number, out);
            return;
        }
        population_.rank(number, report.objective);
        slot.deaths = 0;
        const double priority = retention_priority(0, report.objective);
        if (report.resource >= settings_.max) {
            population_.unrank(number);
            slot.state = PbtState::finished;
            someone_finished_ = true;
            release(population_.drop_best(number), out);
            out.push_back(Keep{report.member, priority, false});
        } else if (!no_more_ && report.resource >= settings_.burn_in && population_.gives_up(number)) {
            leave(number, PbtNext::regular, out);
            release(population_.drop_best(number), out);
        } else if (goes_back(slot)) {
            leave(number, PbtNext::backtrack, out);
        } else {
            follow_best(number, out);
            // Durable: on resume it goes on, and may be a donor.
            out.push_back(Keep{report.member, certain_to_go_on + priority, true});
            slot.state = PbtState::waiting;
            queue_.push_back(number);
        }
    }

    /// The slot's member, which has just reported, makes room for a child.
    void leave(std::uint32_t number, PbtNext next, Actions& out) {
        auto& slot = population_[number];
        population_.retire(number);
        out.push_back(Release{slot.member});
        slot.state = PbtState::vacant;
        slot.next = next;
        queue_.push_back(number);
    }

    /// The slot has just reported. Counts.
    bool goes_back(PbtSlot& slot) const {
        if (settings_.backtrack_after == 0 || slot.objective < slot.best_objective) return false;
        ++slot.worse;
        if (slot.worse < settings_.backtrack_after || slot.reached < settings_.burn_in) return false;
        if (no_more_ || slot.returns == settings_.backtracks) return false;
        slot.worse = 0;
        ++slot.returns;
        return true;
    }

    /// A new best of its lineage stays as it is, to go back to; so does one that follows a best which was gone back to
    /// often enough.
    void follow_best(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        if (settings_.backtrack_after == 0) return;
        if (slot.objective >= slot.best_objective && slot.worse < settings_.backtrack_after) return;
        release(population_.set_best(number), out);
        slot.next = PbtNext::continuation;
    }

    /// The slot's member has died: a child of somebody takes its place.
    void lose(std::uint32_t number, Actions& out) {
        auto& slot = population_[number];
        release(population_.drop_best(number), out);
        slot.next = PbtNext::regular;
        const bool queued = slot.state == PbtState::waiting;
        slot.state = no_more_ || ++slot.deaths >= deaths_max ? PbtState::closed : PbtState::vacant;
        if (slot.state == PbtState::closed) {
            if (queued) std::erase(queue_, number);
        } else if (!queued) {
            queue_.push_back(number);
        }
    }

    void take(const GivenUp& given_up, Actions& out) {
        lose_snapshot(given_up.member);
        const auto number = slot_of_[given_up.member.value];
        auto& slot = population_[number];
        // One that gave up before is no longer in its slot.
        if (slot.member != given_up.member || slot.state == PbtState::vacant || slot.state == PbtState::closed) return;
        if (slot.state == PbtState::finished) {
            slot.state = PbtState::closed;
            return;
        }
        if (slot.state == PbtState::running) --in_flight_;
        population_.unrank(number);
        lose(number, out);
    }

    void take(const Extended& extended, Actions&) {
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
    }

    PbtSettings settings_;
    PbtPopulation population_;
    std::vector<std::uint32_t> slot_of_;  ///< by member
    std::deque<std::uint32_t> queue_;     ///< slots, waiting or vacant
    std::uint32_t passed_over_ = 0;       ///< times that its front was, in a row
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

std::unique_ptr<Scheduler> make_pbt(const PbtSettings& settings) {
    require(settings.population >= 1, "population must be >= 1");
    require(settings.interval >= 1, "interval must be >= 1");
    require(settings.max >= settings.interval, "max must be >= interval");
    require(settings.burn_in >= 0, "burn_in must be >= 0");
    require(settings.bottom > 0 && settings.bottom <= 0.5, "bottom must be in (0, 0.5]");
    require(settings.top > 0 && settings.top <= 0.5, "top must be in (0, 0.5]");
    require(settings.t_test_reports >= 2, "t_test_reports must be >= 2");
    require(settings.t_test_level > 0 && settings.t_test_level < 1, "t_test_level must be in (0, 1)");
    require(!settings.periods.empty() && settings.periods.size() <= settings.population,
            "periods must name between 1 and population sub-populations");
    for (const auto period : settings.periods) require(period >= 1, "each of periods must be >= 1");
    require(settings.backtrack_after == 0 || settings.backtracks >= 1, "backtracks must be >= 1");
    require(settings.migration >= 0 && settings.migration <= 1, "migration must be in [0, 1]");
    return std::make_unique<Pbt>(settings);
}

}  // namespace stemma
