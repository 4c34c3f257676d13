using System.Collections.Immutable;
using System.Net;
using Entrepot.Server.Configuration.Yaml;

namespace Entrepot.Server.Configuration;

/// <summary>A list of networks in CIDR form (RFC 4632, RFC 4291 §2.3); a bare address means just that one.</summary>
internal sealed class NetworksType : SettingType<ImmutableArray<IPNetwork>>
{
    /// <summary>Most networks in one list.</summary>
    public const int MaxCount = 10_000;

    private static readonly ScalarType<IPNetwork> One = new(
        "a network such as 10.0.0.0/8 or an IP address", TryNetwork, static network => network.ToString());

    public override string Expected => "a list of networks such as [10.0.0.0/8, \"fd00::/8\"]";

    public override bool TryRead(ConfigNode node, string path, SettingsErrors errors, out ImmutableArray<IPNetwork> value)
    {
        value = [];
        if (node is not ConfigList list)
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

    public override string Write(ImmutableArray<IPNetwork> value)
        => $"[{string.Join(", ", value.Select(static network => SettingTypes.Quote(network.ToString())))}]";

    private static bool TryNetwork(string text, out IPNetwork network, out string? hint)
    {
        (network, hint) = (default, null);
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!SettingTypes.TryAddress(slash < 0 ? text : text[..slash], out var address))
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

/// <summary>Sites with their client networks.</summary>
internal sealed class SitesType : SettingType<ImmutableArray<SiteSettings>>
{
    private static readonly string[] Keys = ["name", "networks"];

    public override string Expected => "a list such as [{name: hall-a, networks: [10.1.0.0/16]}]";

    public override bool TryRead(ConfigNode node, string path, SettingsErrors errors, out ImmutableArray<SiteSettings> value)
    {
        value = [];
        if (node is not ConfigList list)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        var sites = ImmutableArray.CreateBuilder<SiteSettings>();
        var owners = new Dictionary<IPNetwork, string>();
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (ReadSite(list.Items[i], $"{path}[{i}]", errors, owners) is not { } site)
                continue;
            if (sites.Any(other => other.Name == site.Name))
                errors.Add(list.Items[i], $"{path}[{i}]: the site '{site.Name}' is given twice; put its networks in one list");
            else
                sites.Add(site);
        }

        value = sites.ToImmutable();
        return value.Length == list.Items.Count;
    }

    public override string Write(ImmutableArray<SiteSettings> value)
        => value.IsEmpty
            ? "[]"
            : string.Concat(value.Select(static site =>
                $"\n    - {{name: {SettingTypes.Quote(site.Name)}, networks: {SettingTypes.Networks.Write(site.Networks)}}}"));

    private static SiteSettings? ReadSite(ConfigNode node, string path, SettingsErrors errors, Dictionary<IPNetwork, string> owners)
    {
        if (node is not ConfigMap map)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected a site such as {{name: hall-a, networks: [10.1.0.0/16]}}");
            return null;
        }

        var entries = ConfigKeys.Distinct(map, Keys, path, errors);
        string? name = null;
        if (!entries.TryGetValue("name", out var nameNode))
            errors.Add(node, $"{path} has no name; expected {SettingTypes.SiteName.Expected}");
        else if (SettingTypes.SiteName.TryRead(nameNode.Value, path + ".name", errors, out var read))
            name = read;
        if (!entries.TryGetValue("networks", out var networksNode))
        {
            errors.Add(node, $"{path} has no networks; expected {SettingTypes.Networks.Expected}");
            return null;
        }

        if (!SettingTypes.Networks.TryRead(networksNode.Value, path + ".networks", errors, out var networks) || name is null)
            return null;
        if (networks.IsEmpty)
            errors.Add(networksNode.Value, $"{path}.networks is empty; expected at least one network");
        foreach (var network in networks)
        {
            if (!owners.TryAdd(network, name))
                errors.Add(networksNode.Value, $"{path}.networks: {network} already belongs to the site '{owners[network]}'");
        }

        return new SiteSettings(name, networks);
    }
}
