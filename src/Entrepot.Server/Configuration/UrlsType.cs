using System.Collections.Immutable;
using Entrepot.Core.Documents;

namespace Entrepot.Server.Configuration;

/// <summary>A list of base URLs with one scheme.</summary>
internal sealed class UrlsType : FieldType<ImmutableArray<Uri>>
{
    /// <summary>Most URLs in one list.</summary>
    public const int MaxCount = 16;

    public override string Expected => $"a list of at most {MaxCount} URLs such as [http://10.0.0.5:2379], all http or all https";

    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out ImmutableArray<Uri> value)
    {
        value = [];
        if (node is not DocumentList { Items.Count: <= MaxCount } list)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        var urls = ImmutableArray.CreateBuilder<Uri>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (SettingTypes.BaseUrl.TryRead(list.Items[i], $"{path}[{i}]", errors, out var url))
                urls.Add(url);
        }

        value = urls.ToImmutable();
        if (value.Select(static url => url.Scheme).Distinct().Count() <= 1)
            return value.Length == list.Items.Count;
        errors.Add(node, $"{path} mixes http and https; expected one of them");
        return false;
    }

    public override string Write(ImmutableArray<Uri> value) => $"[{string.Join(", ", value.Select(static url => SettingTypes.BaseUrl.Write(url)))}]";
}
