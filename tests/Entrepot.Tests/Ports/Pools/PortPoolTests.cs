using Entrepot.Ports.Pools;

namespace Entrepot.Tests.Ports.Pools;

public sealed class PortPoolTests
{
    [Theory]
    [InlineData(30000, 32767, 86)]  // Kubernetes' own example in KEP-3668
    [InlineData(1000, 1014, 0)]  // 15 ports: no band
    [InlineData(1000, 1015, 16)]  // 16 ports: all of them, the least band
    [InlineData(1000, 1511, 16)]  // 512 / 32
    [InlineData(1000, 5095, 128)]  // 4096 / 32
    [InlineData(1, 65535, 128)]  // never more
    public void The_band_of_a_hybrid_pool_follows_its_size(int first, int last, int band)
        => new PortPool("p", first, last, PoolStrategy.Hybrid).StaticBand.ShouldBe(band);

    [Fact]
    public void A_hybrid_pool_serves_the_high_band_first_and_every_port_once()
    {
        var bands = new PortPool("p", 1000, 1099, PoolStrategy.Hybrid).DynamicBands().ToList();
        bands.ShouldBe([(1016, 1099), (1000, 1015)]);
    }

    [Fact]
    public void A_hybrid_pool_of_sixteen_ports_has_one_band()
        => new PortPool("p", 1000, 1015, PoolStrategy.Hybrid).DynamicBands().ShouldBe([(1000, 1015)]);

    [Fact]
    public void A_static_pool_serves_nobody_who_names_no_port()
        => new PortPool("p", 1000, 1099, PoolStrategy.Static).DynamicBands().ShouldBeEmpty();

    [Theory]
    [InlineData("p", 1, 65535, true)]
    [InlineData("p", 5, 5, true)]
    [InlineData("p", 0, 5, false)]
    [InlineData("p", 5, 4, false)]
    [InlineData("p", 1, 65536, false)]
    [InlineData(" ", 1, 2, false)]
    public void A_pool_is_a_name_and_a_range(string name, int first, int last, bool accepted)
    {
        if (accepted)
            new PortPool(name, first, last).Size.ShouldBe(last - first + 1);
        else
            Should.Throw<ArgumentException>(() => new PortPool(name, first, last));
    }
}
