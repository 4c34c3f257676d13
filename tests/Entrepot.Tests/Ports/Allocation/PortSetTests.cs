using CsCheck;
using Entrepot.Ports.Allocation;

namespace Entrepot.Tests.Ports.Allocation;

public sealed class PortSetTests
{
    private static readonly Gen<HashSet<int>> GenPorts = Gen.OneOf(
        Gen.Int[0, PortSet.MaxPort].HashSet[0, 200],
        Gen.Int[0, 130].HashSet[0, 100],
        Gen.Int[PortSet.MaxPort - 130, PortSet.MaxPort].HashSet[0, 100],
        Gen.Select(Gen.Int[0, PortSet.MaxPort - 300], Gen.Int[1, 300], (first, count) => Enumerable.Range(first, count).ToHashSet()));

    [Fact]
    public void It_holds_what_a_set_of_numbers_holds()
        => GenPorts.Sample(ports =>
        {
            var set = PortSet.Of(ports);
            set.Count.ShouldBe(ports.Count);
            set.Enumerate().ShouldBe(ports.Order());
            set.IsEmpty.ShouldBe(ports.Count == 0);
        });

    [Fact]
    public void Its_algebra_is_that_of_sets()
        => Gen.Select(GenPorts, GenPorts).Sample((left, right) =>
        {
            var (a, b) = (PortSet.Of(left), PortSet.Of(right));
            a.Union(b).Enumerate().ShouldBe(left.Union(right).Order());
            a.Intersect(b).Enumerate().ShouldBe(left.Intersect(right).Order());
            a.Except(b).Enumerate().ShouldBe(left.Except(right).Order());
            a.Overlaps(b).ShouldBe(left.Overlaps(right));
            a.Equals(b).ShouldBe(left.SetEquals(right));
            a.Union(b).GetHashCode().ShouldBe(b.Union(a).GetHashCode());
        });

    [Fact]
    public void Searches_agree_with_counting_upwards()
        => Gen.Select(GenPorts, Gen.Int[-1, PortSet.MaxPort + 1]).Sample((ports, from) =>
        {
            var set = PortSet.Of(ports);
            set.FirstAtOrAfter(from).ShouldBe(ports.Where(port => port >= from).Order().Cast<int?>().FirstOrDefault());
            int? free = null;
            for (var port = Math.Max(from, 0); port <= PortSet.MaxPort && free is null; port++)
                free = ports.Contains(port) ? null : port;
            set.FirstFreeAtOrAfter(from).ShouldBe(free);
        });

    [Fact]
    public void Counts_between_two_ports_agree_with_counting()
        => Gen.Select(GenPorts, Gen.Int[0, PortSet.MaxPort], Gen.Int[0, PortSet.MaxPort]).Sample((ports, a, b)
            => PortSet.Of(ports).CountBetween(Math.Min(a, b), Math.Max(a, b))
                .ShouldBe(ports.Count(port => port >= Math.Min(a, b) && port <= Math.Max(a, b))));

    [Fact]
    public void The_kernel_s_text_form_survives_a_round_trip()
        => GenPorts.Sample(ports =>
        {
            var set = PortSet.Of(ports);
            PortSet.TryParse(set.ToString(), out var back).ShouldBeTrue();
            back.ShouldBe(set);
        });

    [Theory]
    [InlineData("", "")]
    [InlineData("\n", "")]
    [InlineData("5000\n", "5000")]
    [InlineData("1,2-4,10-10", "1-4,10")]
    [InlineData(" 8080 , 9148 ", "8080,9148")]
    [InlineData("0-65535", "0-65535")]
    [InlineData("7,5,6", "5-7")]
    public void Lists_are_read_as_the_kernel_writes_them(string text, string meaning)
    {
        PortSet.TryParse(text, out var set).ShouldBeTrue();
        set!.ToString().ShouldBe(meaning);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("1,")]
    [InlineData("1-")]
    [InlineData("-1")]
    [InlineData("5-4")]
    [InlineData("65536")]
    [InlineData("1-65536")]
    [InlineData("1-2-3")]
    [InlineData("+1")]
    [InlineData("99999999999")]
    public void What_is_no_list_is_refused(string text) => PortSet.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void A_list_cut_off_anywhere_is_refused_or_holds_no_more_than_the_whole()
    {
        const string Whole = "22,5000-5010,54321-54400,60000";
        PortSet.TryParse(Whole, out var whole).ShouldBeTrue();
        for (var length = 0; length < Whole.Length; length++)
        {
            if (PortSet.TryParse(Whole.AsSpan(0, length), out var part))
                part.Count.ShouldBeLessThanOrEqualTo(whole!.Count);
        }
    }

    [Fact]
    public void Numbers_that_are_no_ports_are_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => PortSet.Of(65536));
        Should.Throw<ArgumentOutOfRangeException>(() => PortSet.Of(-1));
        Should.Throw<ArgumentOutOfRangeException>(() => PortSet.Range(5, 4));
        PortSet.Full.Contains(65536).ShouldBeFalse();
        PortSet.Full.Contains(-1).ShouldBeFalse();
        PortSet.Full.Count.ShouldBe(65536);
    }
}
