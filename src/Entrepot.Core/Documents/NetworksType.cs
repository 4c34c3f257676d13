using System.Collections.Immutable;
using System.Net;

namespace Entrepot.Core.Documents;

/// <summary>A list of networks in CIDR form (RFC 4632, RFC 4291 §2.3); a bare address means just that one.</summary>
public sealed class NetworksType : FieldType<ImmutableArray<IPNetwork>>
{
    /// <summary>Most networks in one list.</summary>
    public const int MaxCount = 10_000;

    private static readonly ScalarType<IPNetwork> One = new(
        "a network such as 10.0.0.0/8 or an IP address", TryNetwork, static network => FieldTypes.Quote(network.ToString()));

    /// <summary>One network of such a list.</summary>
    public static FieldType<IPNetwork> Item => One;

    /// <inheritdoc/>
    public override string Expected => "a list of networks such as [10.0.0.0/8, \"fd00::/8\"]";

    /// <inheritdoc/>
    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out ImmutableArray<IPNetwork> value)
    {
        value = [];
        if (node is not DocumentList list)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        if (list.Items.Count > MaxCount)
        {
            errors.Add(node, $"{path} has {list.Items.Count} networks; expected at most {MaxCount}");
            return false;
        }

        var networks = ImmutableArray.CreateBuilder<IPNetwork>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (One.TryRead(list.Items[i], $"{path}[{i}]", errors, out var network))
                networks.Add(network);
        }

        value = networks.ToImmutable();
        return value.Length == list.Items.Count;
    }

    /// <inheritdoc/>
    public override string Write(ImmutableArray<IPNetwork> value)
        => $"[{string.Join(", ", value.Select(One.Write))}]";

    private static bool TryNetwork(string text, out IPNetwork network, out string? hint)
    {
        (network, hint) = (default, null);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!FieldTypes.TryAddress(slash < 0 ? text : text[..slash], out var address))
            return false;
        var longest = address!.GetAddressBytes().Length * 8;
        var length = longest;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), System.Globalization.NumberStyles.None, null, out length) || length > longest))
        {
            hint = $"the prefix length is 0–{longest}";
            return false;
        }

        var start = Mask(address, length);
        if (!start.Equals(address))
        {
            hint = $"bits are set beyond the prefix; did you mean {start}/{length} or {address}?";
            return false;
        }

        network = new IPNetwork(address, length);
        return true;
    }

    private static IPAddress Mask(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPAddress(bytes);
    }
}
