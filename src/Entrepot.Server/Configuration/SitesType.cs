using System.Collections.Immutable;
using System.Net;
using Entrepot.Core.Documents;

namespace Entrepot.Server.Configuration;

/// <summary>Sites with their client networks.</summary>
internal sealed class SitesType : FieldType<ImmutableArray<SiteSettings>>
{
    private static readonly string[] Keys = ["name", "networks"];

    public override string Expected => "a list such as [{name: hall-a, networks: [10.1.0.0/16]}]";

    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out ImmutableArray<SiteSettings> value)
    {
        value = [];
        if (node is not DocumentList list)
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
                $"\n    - {{name: {FieldTypes.Quote(site.Name)}, networks: {FieldTypes.Networks.Write(site.Networks)}}}"));

    private static SiteSettings? ReadSite(DocumentNode node, string path, DocumentErrors errors, Dictionary<IPNetwork, string> owners)
    {
        if (node is not DocumentMap map)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected a site such as {{name: hall-a, networks: [10.1.0.0/16]}}");
            return null;
        }

        var entries = DocumentKeys.Distinct(map, Keys, path, errors);
        string? name = null;
        if (!entries.TryGetValue("name", out var nameNode))
            errors.Add(node, $"{path} has no name; expected {SettingTypes.SiteName.Expected}");
        else if (SettingTypes.SiteName.TryRead(nameNode.Value, path + ".name", errors, out var read))
            name = read;
        if (!entries.TryGetValue("networks", out var networksNode))
        {
            errors.Add(node, $"{path} has no networks; expected {FieldTypes.Networks.Expected}");
            return null;
        }

        if (!FieldTypes.Networks.TryRead(networksNode.Value, path + ".networks", errors, out var networks) || name is null)
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
