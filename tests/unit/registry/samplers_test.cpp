// From a job to its sampler.
#include "app/registry.hpp"
#include "unit/job/job_texts.hpp"

namespace stemma::job_test {
namespace {

Job population(const std::string& scheduler, const std::string& sampler = "") {
    return parse(with(toy_job, "max = 27", "max = 27\n" + scheduler) +
                 (sampler.empty() ? "" : "[sampler]\n" + sampler));
}

/// Founders that differ from random draws: 12 of them, of which `workers` train at a time, first in, first out.
std::vector<std::size_t> founders_of_the_model(const std::string& text, std::size_t workers) {
    const auto job = population("type = \"gpbt\"\nchildren = 4", text);
    const auto sampler = make_sampler(job);
    const auto random = make_sampler(population("type = \"gpbt\"", "type = \"random\"\n"));
    std::vector<std::size_t> found;
    for (std::uint64_t i = 0; i < 12; ++i) {
        if (i >= workers) sampler->observe({{i - workers}, 1, static_cast<double>(i)});
        const auto founder = *sampler->propose({{i}, i, {}, {}});
        if (founder != *random->propose({{i}, i, {}, {}})) found.push_back(i);
        sampler->born({{i}, {}, 0, founder});
    }
    return found;
}

TEST(Registry, GpbtsLastFoundersComeFromTheModelWhateverTheWorkers) {
    for (const std::string text : {"", "type = \"gp\"\n"}) {
        for (const std::size_t workers : {1U, 2U, 5U, 8U})
            EXPECT_EQ(founders_of_the_model(text, workers), (std::vector<std::size_t>{8, 9, 10, 11})) << workers;
        EXPECT_TRUE(founders_of_the_model(text, 12).empty()) << "nothing has been observed";
    }
}

}  // namespace
}  // namespace stemma::job_test
