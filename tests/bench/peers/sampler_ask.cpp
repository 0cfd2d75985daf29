// Any sampler of the tree behind a pipe, without a search around it: a search costs a second before its first proposal.
// For tests/bench/peers/contenders.py. Lines of pipe.hpp, then:
//
//   start TYPE SEED               TYPE as in sampler.type
//   ask                           -> MEMBER VALUE..., or "none" when the sampler is exhausted
//   tell MEMBER RESOURCE VALUE    a measurement, minimized; "inf" for a failure
//   lost MEMBER                   there will be no measurement any more
//   cpu                           -> seconds of CPU time that the sampler took

#include <ctime>
#include <iostream>
#include <sstream>

#include "bench/peers/pipe.hpp"

using namespace stemma;

namespace {

class Session {
public:
    /// One line of input.
    void on(const std::string& line) {
        std::istringstream in(line);
        std::string word;
        in >> word;
        const auto begin = std::clock();
        if (word == "start") {
            std::uint64_t seed = 0;
            in >> word >> seed;
            sampler_ = setup_.sampler(word, seed);
        } else if (word == "ask") {
            ask();
        } else if (word == "tell") {
            Observation observation;
            in >> observation.member.value >> observation.resource >> word;
            observation.objective = std::stod(word);
            observation.seconds = 60;  // as a training would; the tables answer at once
            sampler_->observe(observation);
        } else if (word == "lost") {
            MemberId member;
            in >> member.value;
            sampler_->given_up(member);
        } else if (word == "cpu") {
            std::cout << spent_ << std::endl;
        } else if (!setup_.read(word, in)) {
            in.setstate(std::ios::failbit);
        }
        if (in.fail()) throw UserError("not understood: " + line);
        spent_ += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    }

private:
    void ask() {
        const MemberId member{members_};
        const auto proposal = sampler_->propose({member, members_, {}, {}});
        if (!proposal) {
            std::cout << "none" << std::endl;
            return;
        }
        ++members_;
        sampler_->born({member, {}, 0, *proposal});
        std::cout << member.value << peers::text(*proposal) << std::endl;
        // As if a fit ended before the next proposal is asked for.
        while (!sampler_->wanted_fits().empty()) {
            const auto wanted = sampler_->wanted_fits().front();
            sampler_->fitted(wanted.number, peers::done(wanted));
        }
    }

    peers::Setup setup_;
    std::unique_ptr<Sampler> sampler_;
    std::uint64_t members_ = 0;
    double spent_ = 0;
};

}  // namespace

int main() {
    Session session;
    std::string line;
    try {
        while (std::getline(std::cin, line)) session.on(line);
    } catch (const std::exception& error) {
        std::cerr << "bench_peers_ask: " << error.what() << '\n';
        return 1;
    }
}
