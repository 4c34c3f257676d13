using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Entrepot.Ports.Allocation;

namespace Entrepot.Ports.Inventory;

/// <summary>The ranges that Windows keeps for itself (Hyper-V, WinNAT, HNS): a bind there fails with WSAEACCES (10013) though nothing
/// listens, and the ranges move between boots. Read from what <c>netsh int ipv4 show excludedportrange protocol=tcp</c> (or
/// <c>udp</c>) prints. Tested on text of its documented form; never run on a Windows host.</summary>
public static class ExcludedPorts
{
    /// <summary>Most lines of a table that are read.</summary>
    public const int MaxLines = 4096;

    /// <summary>The rule of the allocator.</summary>
    public static PortConstraint Constraint(PortSet excluded) => new(
        PortRule.Excluded, PortEffect.Veto, excluded, "is in a range that Windows excludes: a bind would be refused though nothing listens");

    /// <summary>Reads the table. The words around it depend on the language of Windows, so a row is known by its two numbers. A row that
    /// ends in <c>*</c> is an administered exclusion, which an explicit bind may use: it is left out.</summary>
    /// <param name="text">What netsh printed.</param>
    /// <param name="ports">The excluded ports.</param>
    /// <returns>False when the text holds no table, or one with a row that is no range.</returns>
    public static bool TryParse(string? text, [NotNullWhen(true)] out PortSet? ports)
    {
        ports = null;
        var found = PortSet.Empty;
        var table = false;
        var lines = 0;
        foreach (var line in (text ?? "").AsSpan().EnumerateLines())
        {
            if (++lines > MaxLines)
                return false;
            var row = line.Trim();
            if (!table)
            {
                table = row.Length > 0 && !row.ContainsAnyExcept('-', ' ');
                continue;
            }

            if (row.IsEmpty || !char.IsAsciiDigit(row[0]))
                continue;  // the end of the table, and the remark about '*'
            if (!TryRow(row, out var first, out var last, out var administered))
                return false;
            if (!administered)
                found = found.Union(PortSet.Range(first, last));
        }

        ports = table ? found : null;
        return table;
    }

    private static bool TryRow(ReadOnlySpan<char> row, out int first, out int last, out bool administered)
    {
        (first, last, administered) = (0, 0, false);
        Span<Range> fields = stackalloc Range[4];
        var count = row.SplitAny(fields, " \t", StringSplitOptions.RemoveEmptyEntries);
        administered = count == 3 && row[fields[2]] is "*";
        return (count == 2 || administered) && TryPort(row[fields[0]], out first) && TryPort(row[fields[1]], out last) && first <= last;
    }

    private static bool TryPort(ReadOnlySpan<char> text, out int port)
        => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= PortSet.MaxPort;
}
