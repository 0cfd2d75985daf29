#pragma once
// Whether a worker that has a lease gets another one in advance. Without, it waits for the manager's answer after each
// training. That matters where trainings take hardly longer than an answer. An early lease is decided on with fewer
// reports, so that no lease is given early where trainings take longer.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "manager/manager.hpp"

namespace stemma {

class Prefetch {
public:
    /// Answers that are measured before the first early lease. The first ones of a start are slow.
    static constexpr std::size_t answers_needed = 5;
    /// A worker is given work for so many answers of the manager.
    static constexpr double answers_ahead = 8;
    /// Seconds. An answer that takes longer hides a cost of each training, which early leases do not save.
    static constexpr double longest_answer = 0.005;

    /// Early leases of all workers together, at most so many reports for each. A decision then rests on almost all
    /// reports that it could rest on (docs/benchmarks.md).
    static constexpr std::size_t reports_needed = 100;

    /// `leases_ahead`: see ManagerSettings.
    explicit Prefetch(std::uint32_t leases_ahead) : leases_ahead_(leases_ahead) {}

    /// One of so many workers holds so many leases, of so many units in all. May it get another one? A single worker
    /// gets none early: then the decisions do not depend on times, and a search can be repeated.
    bool room(std::size_t workers, std::size_t leases, Resource units) const;
    /// A lease ended with a report. `answer`: seconds between its assignment and its report without its training, where
    /// the worker had no other lease in between, and needed no snapshot from elsewhere.
    void learn(double seconds, Resource units, std::optional<double> answer);
    /// The program was started anew, perhaps on other machines.
    void forget();

private:
    std::uint32_t leases_ahead_;
    double seconds_ = 0;  ///< of recent leases, the older the less
    double units_ = 0;    ///< of the same leases
    std::array<double, 15> answers_{};
    std::size_t measured_ = 0;
    std::uint64_t reports_ = 0;
    double answer_ = 0;  ///< median of the last answers
};

}  // namespace stemma
