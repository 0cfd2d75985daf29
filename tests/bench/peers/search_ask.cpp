// A whole search of the tree under a virtual clock: its manager, a scheduler and a sampler. The process at the other
// end of the pipe says how trainings go. For tests/bench/peers/curves.py. Lines of pipe.hpp, then:
//
//   scheduler KEY VALUE                                  a setting of the scheduler
//   search SCHEDULER SAMPLER SEED WORKERS MAX SECONDS    MAX: largest resource; SECONDS: end of the virtual clock
//
// Each training is a line: NOW MEMBER FROM TO VALUE... It is answered by SECONDS VALUE_AFTER_FROM+1 ... VALUE_AFTER_TO
// (minimized). The last line is "end NOW".

#include <iostream>
#include <set>
#include <sstream>
#include <tuple>

#include "bench/peers/pipe.hpp"
#include "manager/manager.hpp"
#include "scheduler/descriptor.hpp"

using namespace stemma;

namespace {

/// A training that a worker is busy with, in order of its end.
struct Training {
    double end = 0;
    effect::Train work;
    double seconds = 0;
    std::vector<MetricRow> rows;
    bool operator<(const Training& other) const {
        return std::tuple(end, work.lease) < std::tuple(other.end, other.work.lease);
    }
};

class Search {
public:
    Search(Manager& manager, double seconds) : manager_(manager), seconds_(seconds) {}

    void run(std::uint64_t workers) {
        feed(input::IncarnationStarted{0, static_cast<std::uint32_t>(workers)});
        for (std::uint64_t worker = 1; worker <= workers; ++worker)
            feed(input::WorkerJoined{{worker}, "here", "cpu", std::uint64_t{1} << 40U});
        while (!manager_.ended() && !running_.empty() && running_.begin()->end <= seconds_) {
            auto done = std::move(running_.extract(running_.begin()).value());
            now_ = done.end;
            feed(input::Report{done.work.worker, done.work.lease, done.work.to, done.seconds, 1000,
                               std::move(done.rows)});
            fit();
        }
        std::cout << "end " << std::min(now_, seconds_) << std::endl;
    }

private:
    void feed(input::Body body) {
        Effects effects;
        manager_.on({sequence_++, now_, std::move(body)}, effects);
        for (const auto& effect : effects) {
            // Others move, drop and persist snapshots. The weights of a table are its rows.
            if (const auto* work = std::get_if<effect::Train>(&effect)) train(*work);
        }
    }

    /// Fits take no virtual time.
    void fit() {
        while (!manager_.wanted_fits().empty()) {
            const auto wanted = manager_.wanted_fits().front();
            feed(input::ModelFitted{wanted.number, peers::done(wanted)});
        }
    }

    void train(const effect::Train& work) {
        std::cout << now_ << ' ' << work.member.value << ' ' << work.from << ' ' << work.to
                  << peers::text(manager_.member(work.member).configuration) << std::endl;
        Training training;
        training.work = work;
        std::string line;
        std::getline(std::cin, line);
        std::istringstream in(line);
        in >> training.seconds;
        for (auto resource = work.from + 1; resource <= work.to; ++resource) {
            double value = 0;
            in >> value;
            training.rows.push_back({resource, {value}});
        }
        if (in.fail()) throw UserError("not understood: " + line);
        training.end = now_ + training.seconds;
        running_.insert(std::move(training));
    }

    Manager& manager_;
    double seconds_, now_ = 0;
    std::uint64_t sequence_ = 0;
    std::set<Training> running_;
};

void run(const peers::Setup& setup, const std::map<std::string, std::string>& given, std::istream& in) {
    std::string scheduler, sampler;
    ManagerSettings settings;
    std::uint64_t workers = 0;
    double seconds = 0;
    in >> scheduler >> sampler >> settings.seed >> workers >> settings.max >> seconds;
    const auto& type = named(schedulers(), scheduler);
    auto keys = given;
    keys["max"] = std::to_string(settings.max);
    auto of_scheduler = peers::settings_of(type, keys);
    type.complete(of_scheduler);
    settings.durable = DurablePolicy::none;
    settings.budget.seconds = seconds;
    Manager manager(settings, *setup.space(), type.make(of_scheduler, settings.seed),
                    setup.sampler(sampler, settings.seed));
    Search(manager, seconds).run(workers);
}

}  // namespace

int main() {
    std::cout.precision(17);
    peers::Setup setup;
    std::map<std::string, std::string> scheduler;
    std::string line;
    try {
        while (std::getline(std::cin, line)) {
            std::istringstream in(line);
            std::string word;
            in >> word;
            if (word == "scheduler") {
                in >> word;
                in >> scheduler[word];
            } else if (word == "search") {
                run(setup, scheduler, in);
            } else if (!setup.read(word, in)) {
                throw UserError("not understood: " + line);
            }
        }
    } catch (const std::exception& error) {
        std::cerr << "bench_peers_search: " << error.what() << '\n';
        return 1;
    }
}
