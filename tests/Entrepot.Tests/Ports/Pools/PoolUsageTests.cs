using Entrepot.Ports.Allocation;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Pools;

public sealed class PoolUsageTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PortPool Pool = new("p", 20000, 20009);

    [Theory]
    [InlineData(7, false)]
    [InlineData(8, true)]
    public void A_pool_runs_out_when_less_than_its_spare_share_is_free(int leased, bool runningOut)
    {
        var usage = Usage(PortSet.Range(20000, 20000 + leased - 1), PortSet.Empty);
        (usage.Leased, usage.Free, usage.RunningOut).ShouldBe((leased, 10 - leased, runningOut));
        (usage.Cure is not null).ShouldBe(runningOut);
        (usage.Finding?.Kind == PortFindingKind.RunningOut).ShouldBe(runningOut);
    }

    [Fact]
    public void Every_port_is_counted_once()
    {
        var usage = Usage(PortSet.Of(20000, 20001), PortSet.Of(20001, 20002, 9000));
        (usage.Leased, usage.Bound, usage.Refused, usage.Free, usage.Used).ShouldBe((2, 1, 0, 7, 3));
        usage.Summary.ShouldBe("Pool 'p' (20000–20009) has 7 of 10 tcp ports left.");
    }

    [Fact]
    public void Too_little_history_is_said_to_be_too_little()
    {
        Forecast().Outlook.ShouldBe(PoolOutlook.NotEnoughData);
        Forecast((0, 1), (0.1, 2), (0.2, 3), (0.3, 4)).Outlook.ShouldBe(PoolOutlook.NotEnoughData);
        Forecast((0, 1), (5, 2), (9, 3)).Outlook.ShouldBe(PoolOutlook.NotEnoughData);
    }

    [Fact]
    public void A_straight_rise_says_its_day()
    {
        var forecast = Forecast((0, 10), (10, 20), (20, 30), (30, 40));
        (forecast.Outlook, forecast.PerDay).ShouldBe((PoolOutlook.Fills, 1));
        forecast.FullAt.ShouldBe(Start.AddDays(90));  // on the 30th day 60 are left
        (forecast.Earliest, forecast.Latest).ShouldBe((forecast.FullAt, forecast.FullAt));
        forecast.Text.ShouldBe("full about 2030-04-01 (2030-04-01 to 2030-04-01)");
    }

    [Fact]
    public void A_doubtful_rise_has_a_wide_interval()
    {
        var forecast = Forecast((0, 10), (10, 30), (20, 10), (30, 40));
        forecast.Outlook.ShouldBe(PoolOutlook.Fills);
        forecast.Earliest!.Value.ShouldBeLessThan(forecast.FullAt!.Value);
        forecast.Latest.ShouldBeNull();
        forecast.Text.ShouldEndWith("to never)");
    }

    [Fact]
    public void A_pool_that_does_not_fill_is_steady_and_a_full_one_is_full()
    {
        Forecast((0, 10), (10, 10), (20, 10), (30, 10)).Outlook.ShouldBe(PoolOutlook.Steady);
        Forecast((0, 40), (10, 30), (20, 20), (30, 10)).Outlook.ShouldBe(PoolOutlook.Steady);
        Forecast((0, 100)).Outlook.ShouldBe(PoolOutlook.Full);
    }

    private static PoolForecast Forecast(params (double Day, int Used)[] samples)
        => new StraightLineForecast().Forecast(
            [.. samples.Select(static sample => new PoolSample(Start.AddDays(sample.Day), sample.Used))], 100, Start.AddDays(samples.Length == 0 ? 0 : samples[^1].Day));

    private static PoolUsage Usage(PortSet leased, PortSet bound) => PoolUsage.Of(
        Pool,
        new PortSituation(
            PortProtocol.Tcp,
            [
                new PortConstraint(PortRule.Leased, PortEffect.Veto, leased, "is leased"), new PortConstraint(PortRule.Bound, PortEffect.Veto, bound, "is bound"),
                EphemeralRange.LinuxDefault.PrivilegedConstraint(),
            ]),
        0.3, new StraightLineForecast().Forecast([], 10, Start));
}
