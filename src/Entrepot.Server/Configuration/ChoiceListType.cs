using System.Collections.Immutable;
using Entrepot.Core.Documents;

namespace Entrepot.Server.Configuration;

/// <summary>A list of members of an enumeration.</summary>
/// <param name="example">A list, for messages.</param>
internal sealed class ChoiceListType<T>(string example) : FieldType<ImmutableArray<T>>
    where T : struct, Enum
{
    private static readonly FieldType<T> Member = FieldTypes.Choice<T>();

    public override string Expected => $"a list such as {example} of {string.Join(", ", Enum.GetValues<T>().Select(static member => Member.Write(member)))}";

    public override bool TryRead(DocumentNode node, string path, DocumentErrors errors, out ImmutableArray<T> value)
    {
        value = [];
        if (node is not DocumentList list)
        {
            errors.Add(node, $"{path} is {node.Describe}; expected {Expected}");
            return false;
        }

        var members = ImmutableArray.CreateBuilder<T>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (Member.TryRead(list.Items[i], $"{path}[{i}]", errors, out var member))
                members.Add(member);
        }

        value = members.ToImmutable();
        return value.Length == list.Items.Count;
    }

    public override string Write(ImmutableArray<T> value) => $"[{string.Join(", ", value.Select(static member => Member.Write(member)))}]";
}
