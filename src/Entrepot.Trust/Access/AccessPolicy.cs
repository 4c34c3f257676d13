using System.Collections.Frozen;

namespace Entrepot.Trust.Access;

/// <summary>What a policy says to a request.</summary>
public enum AccessVerdict
{
    /// <summary>Go on.</summary>
    Allowed,

    /// <summary>Say who you are.</summary>
    NeedsCredential,

    /// <summary>It is known who you are, and you may not.</summary>
    NeedsRole,
}

/// <summary>The one table of who may do what. There is no permission to change the journal: nobody has it.</summary>
public static class AccessPolicy
{
    private const Role Everyone = Roles.Grantable | Role.Node;

    private static readonly FrozenDictionary<Permission, Role> Table = new Dictionary<Permission, Role>
    {
        [Permission.Public] = Everyone,
        [Permission.ContentRead] = Everyone,
        [Permission.NetworkRead] = Everyone,
        [Permission.FindingsRead] = Role.Viewer | Role.Operator | Role.Approver | Role.Auditor | Role.Admin,
        [Permission.JournalRead] = Role.Operator | Role.Auditor,
        [Permission.ContentPush] = Role.Publisher,
        [Permission.MirrorsManage] = Role.Operator,
        [Permission.StorageMaintain] = Role.Operator,
        [Permission.FindingsMark] = Role.Operator,
        [Permission.DrillsRun] = Role.Operator,
        [Permission.NodesManage] = Role.Operator,
        [Permission.NodesAdmit] = Role.Admin,
        [Permission.NodeReport] = Role.Node,
        [Permission.NodesProbe] = Role.Operator | Role.Node,
        [Permission.TokensManage] = Role.Admin,
        [Permission.AccountsManage] = Role.Admin,
        [Permission.ChangesRead] = Role.Viewer | Role.Operator | Role.Approver | Role.Auditor | Role.Admin,
        [Permission.ChangesPropose] = Role.Operator,
        [Permission.ChangesApprove] = Role.Approver,
    }.ToFrozenDictionary();

    /// <summary>The roles that hold a permission; any one of them is enough.</summary>
    public static Role HoldersOf(Permission permission) => Table[permission];

    /// <summary>Decides.</summary>
    /// <param name="permission">What the endpoint needs.</param>
    /// <param name="principal">Who asks.</param>
    /// <param name="openReading">True where content and network may be read by everybody.</param>
    public static AccessVerdict Decide(Permission permission, Principal principal, bool openReading)
    {
        if (permission == Permission.Public || (openReading && permission is (Permission.ContentRead or Permission.NetworkRead)))
            return AccessVerdict.Allowed;
        if ((principal.Roles & Table[permission]) != 0)
            return AccessVerdict.Allowed;
        return principal.Proof == Proof.None ? AccessVerdict.NeedsCredential : AccessVerdict.NeedsRole;
    }
}
