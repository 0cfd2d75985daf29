#include "genealogy/genealogy.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/error.hpp"

namespace stemma {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The metric of the report at `resource`, or NaN.
double metric_at(const Relative& member, Resource resource) {
    const auto at = std::lower_bound(member.reports.begin(), member.reports.end(), resource,
                                     [](const Measurement& one, Resource wanted) { return one.resource < wanted; });
    return at != member.reports.end() && at->resource == resource ? at->metric : nan;
}

}  // namespace

double Relative::metric() const { return reports.empty() ? nan : reports.back().metric; }

Genealogy::Genealogy(std::vector<Relative> members, bool maximize, MemberId best,
                     std::optional<Measurement> best_report)
    : members_(std::move(members)), maximize_(maximize), best_(best) {
    if (best.exists()) {
        const auto& member = members_.at(best.value);
        best_report_ = best_report.value_or(Measurement{member.reached(), member.metric()});
    }
    begin_.assign(members_.size() + 1, 0);
    weight_.assign(members_.size(), 1);
    for (std::size_t i = 0; i < members_.size(); ++i) {
        const auto parent = members_[i].parent;
        if (!parent.exists()) {
            roots_.push_back({i});
            continue;
        }
        ensure(parent.value < i, "a parent is born before its child");
        ++begin_[parent.value + 1];
    }
    for (std::size_t i = 0; i < members_.size(); ++i) begin_[i + 1] += begin_[i];
    children_.resize(begin_.back());
    auto next = begin_;
    for (std::size_t i = 0; i < members_.size(); ++i) {
        if (members_[i].parent.exists()) children_[next[members_[i].parent.value]++] = {i};
    }
    for (std::size_t i = members_.size(); i-- > 0;) {
        if (members_[i].parent.exists()) weight_[members_[i].parent.value] += weight_[i];
    }
}

std::span<const MemberId> Genealogy::children(MemberId member) const {
    const auto begin = begin_[member.value];
    return std::span(children_).subspan(begin, begin_[member.value + 1] - begin);
}

void Genealogy::end_at_best() {
    if (!best_.exists()) return;
    auto& reports = members_[best_.value].reports;
    // A training that was repeated from an earlier snapshot may have replaced the best report itself.
    std::erase_if(reports, [&](const Measurement& one) { return one.resource >= best_report_.resource; });
    reports.push_back(best_report_);
}

bool Genealogy::better(double metric, double than) const {
    if (std::isnan(metric) || std::isnan(than)) return !std::isnan(metric) && std::isnan(than);
    return maximize_ ? metric > than : metric < than;
}

std::vector<MemberId> Genealogy::path(MemberId member) const {
    std::vector<MemberId> path;
    for (; member.exists(); member = members_[member.value].parent) path.push_back(member);
    std::reverse(path.begin(), path.end());
    return path;
}

std::vector<Stage> Genealogy::lineage(MemberId member) const {
    std::vector<Stage> stages;
    auto to = members_[member.value].reached();
    while (member.exists()) {
        const auto& one = members_[member.value];
        if (to > one.from) stages.push_back({member, one.from, to, metric_at(one, to)});
        to = one.from;
        member = one.heir() ? one.parent : MemberId::none();
    }
    std::reverse(stages.begin(), stages.end());
    return stages;
}

GenealogyBuilder::GenealogyBuilder(const record::RunHeader& header) : maximize_(header.maximize) {
    while (metric_ < header.metrics.size() && header.metrics[metric_].name != header.metric) ++metric_;
}

void GenealogyBuilder::add(const record::Entry& entry) {
    const auto* report = std::get_if<input::Report>(&entry.input.body);
    const auto ends = leases_.on(entry.input.body);
    if (report != nullptr && !ends.empty()) on(*report, ends[0].member);
    for (const auto& effect : entry.effects) {
        leases_.on(effect);
        on(effect, report);
    }
}

void GenealogyBuilder::on(const input::Report& report, MemberId member) {
    if (member.value >= members_.size()) return;
    auto& reports = members_[member.value].reports;
    if (report.rows.empty()) return;
    // Trained once more from an earlier snapshot: the later report replaces the earlier ones.
    while (!reports.empty() && reports.back().resource >= report.reached) reports.pop_back();
    const auto& values = report.rows.back().values;
    reports.push_back({report.reached, metric_ < values.size() ? values[metric_] : nan, {report.lease.value}});
}

void GenealogyBuilder::on(const Effect& effect, const input::Report* report) {
    if (const auto* born = std::get_if<effect::Born>(&effect)) {
        ensure(born->member.value == members_.size(), "members are born in order of their numbers");
        members_.push_back({.parent = born->parent,
                            .donor = born->donor,
                            .cause = born->cause,
                            .generation = born->generation,
                            .from = 0,
                            .reports = {},
                            .configuration = born->configuration});
        assigned_.push_back(false);
        auto& member = members_.back();
        if (member.heir() && born->parent.value < members_.size()) member.from = members_[born->parent.value].reached();
    } else if (const auto* assign = std::get_if<effect::Train>(&effect)) {
        if (assign->member.value >= members_.size()) return;
        auto& member = members_[assign->member.value];
        if (!assigned_[assign->member.value]) member.from = assign->from;
        assigned_[assign->member.value] = true;
    } else if (const auto* noted = std::get_if<effect::Noted>(&effect)) {
        if (noted->kind == EventKind::new_best && report != nullptr) {
            best_ = noted->member;
            // With repeats the best member may differ from the member that reported.
            const auto& reports = members_.at(noted->member.value).reports;
            best_report_ = {report->reached, noted->value, reports.empty() ? SnapshotId{} : reports.back().snapshot};
        }
    }
}

Genealogy GenealogyBuilder::take() { return {std::move(members_), maximize_, best_, best_report_}; }

Genealogy read_genealogy(record::RunReader& reader) {
    GenealogyBuilder builder(reader.header());
    reader.entries([&](const record::Entry& entry) { builder.add(entry); });
    return builder.take();
}

std::string_view cause_text(BirthCause cause) {
    switch (cause) {
        case BirthCause::sampled:
            return "sampled";
        case BirthCause::repeat:
            return "repeat";
        case BirthCause::exploit:
            return "exploit";
        case BirthCause::adoption:
            return "adoption";
        case BirthCause::continuation:
            return "continuation";
        case BirthCause::backtrack:
            return "backtrack";
    }
    return "?";
}

}  // namespace stemma
