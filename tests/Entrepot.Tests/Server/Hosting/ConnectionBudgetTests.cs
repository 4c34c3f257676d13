using CsCheck;
using Entrepot.Server.Hosting;

namespace Entrepot.Tests.Server.Hosting;

public sealed class ConnectionBudgetTests
{
    [Theory]
    [InlineData(null, long.MaxValue)]
    [InlineData(100L, 64L)]
    [InlineData(1024L, 512L)]
    [InlineData(20_000L, 15_000L)]
    [InlineData(65_536L, 49_152L)]
    public void A_quarter_of_the_open_files_stays_free(long? files, long expected)
        => new ConnectionBudget(files).Total.ShouldBe(expected);

    [Fact]
    public void A_crowd_at_one_listener_leaves_room_at_another()
    {
        var budget = new ConnectionBudget(1024);
        var (crowded, other) = (budget.Share(10_000), budget.Share(10_000));

        Enumerable.Range(0, 1000).Count(_ => crowded.TryTake()).ShouldBe(512);
        Enumerable.Range(0, 1000).Count(_ => other.TryTake()).ShouldBe(ConnectionBudget.Guaranteed);
    }

    /// <summary>Against a model: any sequence of connections coming and going at three listeners.</summary>
    [Fact]
    public void No_more_are_open_than_allowed_and_each_that_goes_makes_room()
        => Gen.Select(Gen.Int[0, 2], Gen.Bool).Array[0, 400].Sample(steps =>
        {
            const int total = 88, most = 80;
            var budget = new ConnectionBudget(600);
            budget.Total.ShouldBe(total);
            var shares = Enumerable.Range(0, 3).Select(_ => budget.Share(most)).ToArray();
            var open = new int[3];
            foreach (var (listener, comes) in steps)
            {
                if (comes)
                {
                    var room = open[listener] < most && (open.Sum() < total || open[listener] < ConnectionBudget.Guaranteed);
                    shares[listener].TryTake().ShouldBe(room);
                    open[listener] += room ? 1 : 0;
                }
                else if (open[listener] > 0)
                {
                    shares[listener].Release();
                    open[listener]--;
                }

                shares[listener].Open.ShouldBe(open[listener]);
            }
        });
}
