using CsCheck;
using Entrepot.Ports.Inventory;

namespace Entrepot.Tests.Ports.Inventory;

public sealed class ExcludedPortsTests
{
    private const string Table = """

        Protocol tcp Port Exclusion Ranges

        Start Port    End Port
        ----------    --------
              5357        5357
             50000       50059     *
             54235       54334

        * - Administered port exclusions.

        """;

    [Fact]
    public void The_table_of_netsh_is_read_without_administered_exclusions()
    {
        ExcludedPorts.TryParse(Table, out var ports).ShouldBeTrue();
        ports.ToString().ShouldBe("5357,54235-54334");
    }

    [Fact]
    public void The_words_of_the_table_may_be_in_any_language()
    {
        ExcludedPorts.TryParse("Portausschlussbereiche\r\n\r\nStartport   Endport\r\n---------  -------\r\n    80    81\r\n", out var ports).ShouldBeTrue();
        ports.ToString().ShouldBe("80-81");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("The following command was not found: int ipv4")]
    [InlineData("----- ----\n 9 8\n")]
    [InlineData("----- ----\n 80 65536\n")]
    [InlineData("----- ----\n 80 81 ! \n")]
    [InlineData("----- ----\n 80 81 * *\n")]
    [InlineData("----- ----\n 80\n")]
    public void What_is_no_table_is_not_taken_for_an_empty_one(string? text) => ExcludedPorts.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Every_prefix_and_every_damaged_table_is_read_or_refused_but_never_throws()
    {
        for (var length = 0; length < Table.Length; length++)
            Should.NotThrow(() => ExcludedPorts.TryParse(Table[..length], out _));
        Gen.Select(Gen.Int[0, Table.Length - 1], Gen.Char).Sample((index, with) =>
        {
            if (ExcludedPorts.TryParse(Table.Remove(index, 1).Insert(index, $"{with}"), out var ports))
                ports.Count.ShouldBeLessThan(65536);
        });
    }
}
