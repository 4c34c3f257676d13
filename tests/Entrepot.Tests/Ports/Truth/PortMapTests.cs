using CsCheck;
using Entrepot.Ports.Pools;
using Entrepot.Ports.Inventory;
using Entrepot.Ports.Truth;
using Entrepot.Tests.Ports.Findings;

namespace Entrepot.Tests.Ports.Truth;

public sealed class PortMapTests
{
    private static readonly StatusDocument Status = new(
        "a", DateTimeOffset.UnixEpoch,
        [
            FindingReconcilerTests.Row(443, Declared.Service, Bound.Owner), FindingReconcilerTests.Row(54321, Declared.Service, Bound.Nobody), FindingReconcilerTests.Undeclared(5000),
            FindingReconcilerTests.Row(54322, Declared.StoppedService, Bound.Nobody),
        ],
        [], PortRangeNote.Of([new PortPool("edges", 54321, 54400)], EphemeralRange.LinuxDefault));

    [Theory]
    [InlineData(443, PortMark.Serving)]
    [InlineData(5000, PortMark.Finding)]
    [InlineData(54321, PortMark.Finding)]
    [InlineData(54322, PortMark.Declared)]
    [InlineData(54400, PortMark.Pool)]
    [InlineData(23, PortMark.Forbidden)]
    [InlineData(40000, PortMark.Ephemeral)]
    [InlineData(1, PortMark.Free)]
    public void A_port_by_itself_has_its_own_mark(int port, PortMark mark) => PortMap.Of(Status, port, port).Cells.ShouldHaveSingleItem().Mark.ShouldBe(mark);

    [Fact]
    public void The_whole_space_fits_into_sixteen_rows_of_cells()
    {
        var map = PortMap.Of(Status);
        (map.CellSize, map.Cells.Count).ShouldBe((64, 1024));
        map.Cells[443 / 64].Mark.ShouldBe(PortMark.Serving);
        map.Cells[443 / 64].Ports.ShouldHaveSingleItem().Port.ShouldBe(443);
    }

    [Fact]
    public void Cells_cover_every_range_once_and_none_is_lost()
        => Gen.Select(Gen.Int[0, 65535], Gen.Int[0, 65535]).Sample((one, other) =>
        {
            var map = PortMap.Of(Status, Math.Min(one, other), Math.Max(one, other));
            map.Cells.Count.ShouldBeLessThanOrEqualTo(PortMap.Columns * PortMap.MaxRows);
            map.Cells[0].First.ShouldBe(map.First);
            map.Cells[^1].Last.ShouldBe(map.Last);
            foreach (var (left, right) in map.Cells.Zip(map.Cells.Skip(1)))
                right.First.ShouldBe(left.Last + 1);
            map.Cells.Sum(cell => cell.Ports.Count).ShouldBe(Status.Ports.Count(row => row.Port >= map.First && row.Port <= map.Last));
        });
}
