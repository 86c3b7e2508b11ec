"""The roles of a bureau; one person may hold several."""

from enum import StrEnum


class Role(StrEnum):
    COLLECTOR = "collector"  # 采集员
    OFFICER = "officer"  # 执法队员 (with certificate number)
    ASSISTANT = "assistant"  # 协管
    SQUAD_LEADER = "squad_leader"  # 中队长
    ACCEPTOR = "acceptor"  # 受理员
    DISPATCHER = "dispatcher"  # 派遣员
    UNIT_CLERK = "unit_clerk"  # 协同单位经办人
    HANDLER = "handler"  # 协同单位处置人员
    ASSESSOR = "assessor"  # 环卫考核员
    SANITATION_HEAD = "sanitation_head"  # 环卫科长
    CONTRACTOR = "contractor"  # 作业单位
    SUPERVISOR = "supervisor"  # 督查
    REVIEWER = "reviewer"  # 证据审核
    LEADER = "leader"  # 局领导
    ADMIN = "admin"  # 系统管理员


FIELD_ROLES = frozenset({Role.COLLECTOR, Role.OFFICER, Role.ASSISTANT, Role.SQUAD_LEADER})
UNIT_ROLES = frozenset({Role.UNIT_CLERK, Role.HANDLER})
