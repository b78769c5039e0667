"""One statement that enters a tenant and reads who the session's account is and what it may do now.

Not SECURITY DEFINER: row security binds the caller inside it as everywhere else.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION jishi_enter(p_tenant bigint, p_account bigint, p_at timestamptz)
RETURNS TABLE (
    id bigint, username varchar, name varchar, password varchar, is_staff_member boolean, language varchar,
    elder boolean, version integer, grants jsonb
) LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM set_config('jishi.tenant', p_tenant::text, true), set_config('jishi.bodies', '{}', true),
            set_config('jishi.account', p_account::text, true), set_config('jishi.report', '', true);
    RETURN QUERY
        SELECT a.id, a.username, a.name, a.password, a.is_staff_member, a.language, a.elder, a.version,
               coalesce((SELECT jsonb_agg(jsonb_build_object('id', g.id, 'role', g.role, 'body_id', g.body_id,
                                                             'post_id', g.post_id, 'post_title', g.post_title,
                                                             'area', g.area) ORDER BY g.id)
                         FROM accounts_grant g
                         WHERE g.tenant_id = p_tenant AND g.account_id = a.id
                           AND g.active_from <= p_at AND (g.active_to IS NULL OR g.active_to > p_at)), '[]')
        FROM accounts_account a
        WHERE a.tenant_id = p_tenant AND a.id = p_account AND a.is_active;
END $$;
"""

BACKWARD = "DROP FUNCTION jishi_enter(bigint, bigint, timestamptz);"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
