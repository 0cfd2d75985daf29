#include "trainer/process/printed_metrics.hpp"

#include <gmock/gmock.h>

#include <cmath>

namespace stemma {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::map<std::string, double> read(const std::string& output, std::vector<std::string> names = {"loss", "acc"}) {
    PrintedMetrics metrics(std::move(names));
    metrics.feed(output);
    return metrics.values();
}

TEST(PrintedMetrics, ReadsTheFormsThatProgramsPrint) {
    for (const auto* output : {"loss=0.5 acc=0.9", "loss = 0.5, acc: 0.9\n", R"({"loss": 0.5, "acc": 9e-1})",
                               "{'loss': 0.5, 'acc': +0.9}", "{\n  \"loss\": 0.5,\n  \"acc\": 0.9\n}\n",
                               "Epoch 3 | loss: 0.5 | acc: 0.9 |", "Epoch 0 loss 0.5 acc 0.9", "loss=0.5\racc=0.9"})
        EXPECT_THAT(read(output), ElementsAre(Pair("acc", 0.9), Pair("loss", 0.5))) << output;
}

TEST(PrintedMetrics, TakesTheLastNumberOfEachName) {
    EXPECT_THAT(read("loss=3\nacc=1\nloss=2\nloss=1 loss=0.5\nother\n"),
                ElementsAre(Pair("acc", 1), Pair("loss", 0.5)));
}

TEST(PrintedMetrics, TellsNamesApart) {
    EXPECT_THAT(read("valid_loss=1 loss_2=2 loss/x=3 x/loss=4 my.loss=5 train-loss=6"), IsEmpty());
    EXPECT_THAT(read("val/acc=0.5 acc=1", {"val/acc"}), ElementsAre(Pair("val/acc", 0.5)));
}

TEST(PrintedMetrics, IgnoresWhatIsNoNumber) {
    EXPECT_THAT(read("loss=high loss: info loss=[1, 2] loss: null loss of 3 loss=0.5s loss="), IsEmpty());
}

TEST(PrintedMetrics, ReadsNumbersThatAreNotFinite) {
    EXPECT_TRUE(std::isnan(read(R"({"loss": NaN})").at("loss")));
    EXPECT_EQ(read(R"(loss="-inf")").at("loss"), -INFINITY);
    EXPECT_EQ(read("loss: Infinity").at("loss"), INFINITY);
}

TEST(PrintedMetrics, JoinsPiecesOfALine) {
    PrintedMetrics metrics({"loss"});
    for (const char byte : std::string("x loss = 0.25\ny")) metrics.feed({&byte, 1});
    EXPECT_THAT(metrics.values(), ElementsAre(Pair("loss", 0.25)));
}

TEST(PrintedMetrics, PassesOverLongLines) {
    PrintedMetrics metrics({"loss"});
    metrics.feed("loss=1\n");
    metrics.feed(std::string(PrintedMetrics::line_bytes_max, 'x'));
    metrics.feed(" loss=2\nloss=3");
    EXPECT_THAT(metrics.values(), ElementsAre(Pair("loss", 3)));
}

}  // namespace
}  // namespace stemma
