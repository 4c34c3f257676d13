using System.Globalization;
using System.Text.RegularExpressions;

namespace Entrepot.Ports.Firewalls.Nftables;

/// <summary>Ages a printed table: elements with a time-out have less of it left when they are put back later.</summary>
internal static partial class NftSnapshot
{
    /// <summary>The table with every <c>expires</c> shortened. What has ended meanwhile gets a millisecond: the kernel drops it.</summary>
    public static string Age(string table, TimeSpan age)
        => age <= TimeSpan.Zero ? table : Expiry().Replace(table, match =>
        {
            var left = Parse(match.Groups[1].ValueSpan) - (long)age.TotalMilliseconds;
            return string.Create(CultureInfo.InvariantCulture, $"expires {Math.Max(1, left)}ms");
        });

    /// <summary>Reads <c>1d2h3m4s5ms</c> as milliseconds.</summary>
    internal static long Parse(ReadOnlySpan<char> text)
    {
        long total = 0, number = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsAsciiDigit(text[i]))
            {
                number = (number * 10) + (text[i] - '0');
                continue;
            }

            var isMilli = text[i] == 'm' && i + 1 < text.Length && text[i + 1] == 's';
            total += number * (isMilli ? 1 : text[i] switch { 'd' => 86_400_000, 'h' => 3_600_000, 'm' => 60_000, _ => 1000 });
            number = 0;
            if (isMilli)
                i++;
        }

        return total;
    }

    [GeneratedRegex(@"\bexpires ((?:[0-9]{1,9}(?:d|h|ms|m|s))+)", RegexOptions.NonBacktracking)]
    private static partial Regex Expiry();
}
