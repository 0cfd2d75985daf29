// For any bytes, a job file is either a Job or JobErrors: no crash, no other exception, no hang. All inputs are drawn
// from one seed. A failure prints the number of its input, which alone reproduces it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "app/job/job.hpp"
#include "core/rng.hpp"
#include "unit/job/job_description.hpp"

namespace stemma {
namespace {

constexpr std::uint64_t seed = 20240607;

/// Pieces that the parser or the tables know, to get past the first error.
constexpr std::array<std::string_view, 48> words{"nan",
                                                 "-inf",
                                                 "9223372036854775807",
                                                 "-9223372036854775808",
                                                 "18446744073709551616",
                                                 "1e308",
                                                 "1e-320",
                                                 "-1",
                                                 "0",
                                                 "1.5",
                                                 "true",
                                                 "\"\"",
                                                 "\"auto\"",
                                                 "[]",
                                                 "{}",
                                                 "[[1], 2]",
                                                 "{a = 1}",
                                                 "\n[",
                                                 "]\n",
                                                 "\n[[",
                                                 "]]\n",
                                                 " = ",
                                                 ".",
                                                 ",",
                                                 "#",
                                                 "'",
                                                 "\"",
                                                 "\"\"\"",
                                                 "\\u0000",
                                                 "\\",
                                                 "\xC3",
                                                 "\xEF\xBB\xBF",
                                                 "1979-05-27",
                                                 "0x7fff",
                                                 "[space.lr]",
                                                 "[space.\"\"]",
                                                 "type = \"real\"\n",
                                                 "when",
                                                 "step",
                                                 "choices",
                                                 "\"logit\"",
                                                 "\"grid\"",
                                                 "\"torch\"",
                                                 "role = \"hypergradient\"\n",
                                                 "[[forbidden]]\n",
                                                 "[[sampler.first]]\n",
                                                 "lr = 1\n",
                                                 "default = 1\n"};

std::vector<std::string> corpus() {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(STEMMA_JOBS)) {
        if (entry.path().extension() != ".toml") continue;
        std::ifstream in(entry.path());
        out.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    }
    std::sort(out.begin(), out.end());  // directories have no order
    return out;
}

class Mutator {
public:
    Mutator(const std::vector<std::string>& texts, Stream& draw) : texts_(texts), draw_(draw) {}

    std::string text() {
        if (draw_.below(10) == 0) return bytes(draw_.below(200));
        std::string text = texts_[draw_.below(texts_.size())];
        for (auto left = draw_.below(4) + 1; left > 0; --left) mutate(text);
        return text;
    }

    std::string override_text() {
        static constexpr std::array<std::string_view, 10> paths{
            "run.seed",  "space.lr.low",  "space.x.type", "scheduler.max", "scheduler",
            "forbidden", "sampler.first", "trainer.lr",   "a.b.c",         ""};
        std::string text =
            std::string(paths[draw_.below(paths.size())]) + "=" + std::string(words[draw_.below(words.size())]);
        if (draw_.below(3) == 0) mutate(text);
        return text;
    }

private:
    std::size_t position(const std::string& text) { return draw_.below(text.size() + 1); }

    std::string bytes(std::uint64_t count) {
        std::string out;
        while (out.size() < count) out += static_cast<char>(draw_.below(256));
        return out;
    }

    std::string slice(const std::string& text) {
        const auto start = position(text);
        return text.substr(start, draw_.below(80));
    }

    void mutate(std::string& text) {
        const auto at = position(text);
        switch (draw_.below(8)) {
            case 0:
                if (at < text.size()) text[at] = static_cast<char>(draw_.below(256));
                break;
            case 1:
                text.erase(at, draw_.below(40));
                break;
            case 2:
                text.insert(at, slice(text));
                break;
            case 3:
                text.insert(at, slice(texts_[draw_.below(texts_.size())]));
                break;
            case 4:
                text.insert(at, bytes(draw_.below(6)));
                break;
            case 5:
                replace_value(text, at);
                break;
            case 6:
                replace_value(text, at);
                break;
            default:
                text.insert(at, words[draw_.below(words.size())]);
                break;
        }
    }

    /// Puts another value behind the next '='. The result is mostly still good TOML.
    void replace_value(std::string& text, std::size_t from) {
        const auto equals = text.find('=', from);
        if (equals == std::string::npos) return;
        const auto end = std::min(text.find('\n', equals), text.size());
        text.replace(equals + 1, end - equals - 1, " " + std::string(words[draw_.below(words.size())]));
    }

    const std::vector<std::string>& texts_;
    Stream& draw_;
};

enum class Outcome { job, errors };

Outcome outcome_of(const std::string& text, const std::vector<std::string>& overrides) {
    try {
        const auto job = parse_job(text, "fuzz.toml", overrides);
        EXPECT_NE(job.space, nullptr);
        EXPECT_GE(job.scheduler.max, 1);
        // The text with all defaults filled in is the same job.
        if (job.resolved.empty()) return Outcome::job;  // a --set value that is no UTF-8
        EXPECT_EQ(job_test::description(parse_job(job.resolved, "RUN.h5", {}, JobSource::recorded)),
                  job_test::description(job))
            << job.resolved;
        return Outcome::job;
    } catch (const JobErrors& errors) {
        EXPECT_FALSE(errors.errors.empty());
        for (const auto& error : errors.errors) EXPECT_FALSE(error.message.empty());
        return Outcome::errors;
    }
}

TEST(JobFuzz, EveryInputIsAJobOrErrors) {
    constexpr std::uint64_t inputs = 100'000;
    const auto texts = corpus();
    ASSERT_FALSE(texts.empty());
    std::uint64_t jobs = 0;

    for (std::uint64_t number = 0; number < inputs; ++number) {
        Stream draw(seed, Purpose::test, number);
        Mutator mutator(texts, draw);
        const auto text = mutator.text();
        std::vector<std::string> overrides;
        if (draw.below(4) == 0) overrides.push_back(mutator.override_text());
        Outcome outcome = Outcome::errors;
        ASSERT_NO_THROW(outcome = outcome_of(text, overrides)) << "input " << number << ":\n" << text;
        jobs += outcome == Outcome::job;
        ASSERT_FALSE(HasFailure()) << "input " << number << ":\n" << text;
    }

    // Both outcomes must occur, or the mutations are too weak or too strong.
    EXPECT_GT(jobs, inputs / 200);
    EXPECT_LT(jobs, inputs / 2);
}

TEST(JobFuzz, LargeInputsEndSoon) {
    constexpr std::size_t size = std::size_t{1} << 20U;
    const auto repeated = [](std::string_view piece, std::string head = "") {
        while (head.size() < size) head += piece;
        return head;
    };
    std::vector<std::string> texts;
    for (const auto piece : words) texts.push_back(repeated(piece));
    for (const auto* piece : {"a.", "[a.", "{a=", "a = 1\n", "\"a\".", "[[a]]\n", "[[a.b]]\n", "1.", "'1.1'.", ". ",
                              "\n", "\r\n", "\t", "a"}) {
        texts.push_back(repeated(piece));
    }
    std::string many;
    for (int i = 0; many.size() < size; ++i) many += "[space.p" + std::to_string(i) + "]\ntype = \"boolean\"\n";
    texts.push_back(many);
    std::string chain = "[space.p0]\ntype = \"boolean\"\n";
    for (int i = 1; chain.size() < size; ++i) {
        chain +=
            "[space.p" + std::to_string(i) + "]\ntype = \"boolean\"\nwhen = {p" + std::to_string(i - 1) + " = true}\n";
    }
    texts.push_back(chain);
    std::string list = "[space.c]\ntype = \"ordinal\"\nlevels = [";
    for (int i = 0; list.size() < size; ++i) list += std::to_string(i) + ",";
    texts.push_back(list + "]\n");
    texts.push_back(repeated("o = \"x\"\n[[forbidden]]\n", "[[forbidden]]\n"));
    texts.push_back(
        repeated("lr = 1\n[[sampler.first]]\n", "[space.lr]\ntype = \"real\"\nlow = 0\nhigh = 2\n[[sampler.first]]\n"));

    for (const auto& text : texts) {
        ASSERT_NO_THROW(outcome_of(text, {})) << text.substr(0, 100);
        ASSERT_NO_THROW(outcome_of("", {text, text + "=1", "space.x=" + text})) << text.substr(0, 100);
    }
}

}  // namespace
}  // namespace stemma
