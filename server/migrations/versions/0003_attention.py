"""What supervisors do about received changes

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-20

"""
from alembic import op
import sqlalchemy as sa
from server.db import Instant

# revision identifiers, used by Alembic.
revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table('received_change', schema=None) as batch_op:
        batch_op.add_column(sa.Column('note', sa.String(length=256), nullable=True))
        batch_op.add_column(sa.Column('handled_by', sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column('handled_at', Instant(), nullable=True))
        batch_op.create_index('ix_received_change_flagged', ['received_at'], unique=False, sqlite_where=sa.text("flags <> '[]'"), postgresql_where=sa.text("flags <> '[]'"))


def downgrade():
    with op.batch_alter_table('received_change', recreate='never') as batch_op:
        batch_op.drop_index('ix_received_change_flagged', sqlite_where=sa.text("flags <> '[]'"), postgresql_where=sa.text("flags <> '[]'"))
        batch_op.drop_column('handled_at')
        batch_op.drop_column('handled_by')
        batch_op.drop_column('note')
