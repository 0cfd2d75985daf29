#pragma once
// The tree of descent: the members of a recorded run as a forest, to look at.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/lease_ledger.hpp"
#include "record/run_reader.hpp"

namespace stemma {

/// What a genealogy shows of one report.
struct Measurement {
    Resource resource = 0;
    double metric = std::numeric_limits<double>::quiet_NaN();  ///< the metric that is optimized
    SnapshotId snapshot = {};  ///< of the training, if it has a snapshot; has the number of its lease
};

struct Relative {
    MemberId parent = {};  ///< the member took its weights from it; of a repeat: its configuration
    MemberId donor = {};   ///< its hyperparameters came from this member, if that is not the parent
    BirthCause cause = BirthCause::sampled;
    std::uint32_t generation = 0;
    Resource from = 0;                 ///< resource at which its own training began: the parent's then; 0 from scratch
    std::vector<Measurement> reports;  ///< one for each lease, ascending in resource; late reports are left out
    Configuration configuration;

    Resource reached() const { return reports.empty() ? from : reports.back().resource; }
    /// The metric of its last report; NaN before it.
    double metric() const;
    /// True if its weights come from its parent.
    bool heir() const { return inherits_weights(cause); }
};

/// Part of a lineage: `member` trained it from `from` to `to`.
struct Stage {
    MemberId member;
    Resource from = 0;
    Resource to = 0;
    double metric = std::numeric_limits<double>::quiet_NaN();  ///< at `to`; NaN if there was no report
};

/// Members are numbered without gaps, parents before their children.
class Genealogy {
public:
    /// Takes all members at once. Throws InternalError if a parent does not stand before its child. `best_report` made
    /// `best` the best member; by default its last report.
    Genealogy(std::vector<Relative> members, bool maximize, MemberId best, std::optional<Measurement> best_report = {});

    std::size_t size() const { return members_.size(); }
    const Relative& operator[](MemberId member) const { return members_[member.value]; }
    /// In order of birth.
    std::span<const MemberId> children(MemberId member) const;
    std::span<const MemberId> roots() const { return roots_; }
    /// Members below it, itself included.
    std::uint64_t descendants(MemberId member) const { return weight_[member.value]; }
    /// The best member that the run reported; none if no metric was finite.
    MemberId best() const { return best_; }
    /// The report that made it the best; the member may have been trained further since. Only if there is a best
    /// member.
    const Measurement& best_report() const { return best_report_; }
    /// Drops the best member's reports after its best report. Its lineage is then the training behind the run's result.
    void end_at_best();
    /// Whether `metric` is better than `than`. Anything is better than NaN.
    bool better(double metric, double than) const;

    /// The members from its root to `member`, both included.
    std::vector<MemberId> path(MemberId member) const;
    /// The training behind the member's weights, from scratch to its last report, in order. Of an ancestor it holds
    /// only the training up to the birth.
    std::vector<Stage> lineage(MemberId member) const;

private:
    std::vector<Relative> members_;
    bool maximize_;
    MemberId best_;
    Measurement best_report_;
    std::vector<MemberId> roots_;
    std::vector<MemberId> children_;     ///< all lists of children, back to back
    std::vector<std::size_t> begin_;     ///< of a member's list in children_; one more at the end
    std::vector<std::uint64_t> weight_;  ///< descendants()
};

/// Follows a record entry by entry. 10^5 members with three reports each: about 0.1 s, without the reading.
class GenealogyBuilder {
public:
    explicit GenealogyBuilder(const record::RunHeader& header);
    void add(const record::Entry& entry);
    Genealogy take();

private:
    /// `report`: the input of the same entry, or nullptr.
    void on(const Effect& effect, const input::Report* report);
    void on(const input::Report& report, MemberId member);

    std::size_t metric_ = 0;
    bool maximize_ = false;
    std::vector<Relative> members_;
    std::vector<bool> assigned_;
    record::LeaseLedger leases_;
    MemberId best_;
    std::optional<Measurement> best_report_;
};

/// The genealogy of everything committed. Throws UserError on damage.
Genealogy read_genealogy(record::RunReader& reader);

/// "sampled", "repeat", "exploit", "adoption", "continuation", "backtrack".
std::string_view cause_text(BirthCause cause);

}  // namespace stemma
