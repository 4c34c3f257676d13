using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Entrepot.Ports.Declarations;

/// <summary>An Ethernet address (EUI-48), 48 bits.</summary>
/// <param name="Value">The bits; the first byte of the address is the highest.</param>
public readonly record struct MacAddress(long Value)
{
    /// <summary>Reads six bytes in hexadecimal with <c>:</c> or <c>-</c> between them.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        if (text is not { Length: 17 } || text[2] is not (':' or '-'))
            return false;
        long value = 0;
        for (var index = 0; index < text.Length; index += 3)
        {
            if ((index > 0 && text[index - 1] != text[2])
                || !byte.TryParse(text.AsSpan(index, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var part))
                return false;
            value = (value << 8) | part;
        }

        address = new MacAddress(value);
        return true;
    }

    /// <summary>Six bytes in lower-case hexadecimal: <c>00:16:3e:00:00:01</c>.</summary>
    public override string ToString()
    {
        var value = Value;
        return string.Join(':', Enumerable.Range(0, 6).Select(index => ((value >> (40 - (8 * index))) & 0xff).ToString("x2", CultureInfo.InvariantCulture)));
    }
}
