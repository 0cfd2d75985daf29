#pragma once
// A run file of a population of any size, with the entries that a manager would log.

#include <filesystem>

#include "core/rng.hpp"
#include "record/hdf5/run_file.hpp"

namespace stemma::bench {

inline constexpr std::uint64_t population = 50;

/// Its space is lr in [1e-4, 1], log, and momentum in [0, 0.99].
inline constexpr const char* family_job = R"([run]
name = "family"
[run.budget]
members = 100000
[metric]
name = "valid_loss"
direction = "minimize"
[space.lr]
type = "real"
low = 1e-4
high = 1.0
scale = "log"
[space.momentum]
type = "real"
low = 0.0
high = 0.99
[scheduler]
type = "asha"
max = 27
[trainer]
type = "toy"
unit = "step"
)";

inline record::RunHeader family_header() {
    record::RunHeader header;
    header.run_id = "00c0ffee00c0ffee";
    header.name = "family";
    header.job_text = family_job;
    header.seed = 1;
    header.metric = "valid_loss";
    header.unit = "step";
    header.metrics = {{"valid_loss", false}};
    header.parameters = {"lr", "momentum"};
    return header;
}

/// Members are trained one after another, for 3 steps each. A child continues one of the last `population` members.
/// Entry 0 starts the run. Entry n reports member n - 1 and has the birth of member n.
class Family {
public:
    explicit Family(std::uint64_t members) : members_(members) {}

    record::Entry next() {
        record::Entry entry;
        entry.input.sequence = n_;
        entry.input.time = static_cast<double>(n_);
        if (n_ == 0) {
            entry.input.body = input::IncarnationStarted{0, 1};
        } else {
            report(entry, n_ - 1);
        }
        if (n_ < members_) birth(entry, n_);
        ++n_;
        return entry;
    }

private:
    void birth(record::Entry& entry, std::uint64_t member) {
        effect::Born born;
        born.member = {member};
        born.configuration = {0.5 * random_.uniform() + 1e-3, random_.uniform() * 0.9};
        if (member >= population) {
            born.parent = {member - 1 - random_.below(population)};
            born.cause = BirthCause::exploit;
            born.generation = 1;
        }
        const auto from = born.parent.exists() ? reached_[born.parent.value] : 0;
        reached_.push_back(from + 3);
        entry.effects.push_back(std::move(born));
        entry.effects.push_back(effect::Train{{1}, {member}, {member}, from, from + 3, {}, 0});
    }

    void report(record::Entry& entry, std::uint64_t member) {
        input::Report report{{1}, {member}, reached_[member], 1.0, 4096, {}};
        double loss = 0;
        for (Resource at = reached_[member] - 2; at <= reached_[member]; ++at) {
            loss = 1 / static_cast<double>(at) + 0.1 * random_.uniform();
            report.rows.push_back({at, {loss}});
        }
        entry.input.body = std::move(report);
        if (loss < best_) {
            best_ = loss;
            entry.effects.push_back(effect::Noted{EventKind::new_best, {member}, {member}, {1}, loss});
        }
    }

    std::uint64_t members_;
    std::uint64_t n_ = 0;
    Stream random_{1, Purpose::test};
    std::vector<Resource> reached_;
    double best_ = 1e9;
};

inline void write_family(const std::filesystem::path& file, std::uint64_t members) {
    std::filesystem::remove(file);
    auto writer = record::RunFileWriter::create(file, family_header());
    Family family(members);
    for (std::uint64_t i = 0; i <= members; ++i) {
        const auto entry = family.next();
        writer->append(entry.input, entry.effects);
        if (i % 64 == 0) writer->commit();
    }
    writer->close(true);
}

}  // namespace stemma::bench
